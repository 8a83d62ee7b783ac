#include <memory>
#include <string>
#include <vector>

#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/topic_client.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "services/platform/kafka/group_admin.h"

namespace windrow::cli {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);

absl::Status Run(Session& session, const std::string& format) {
  const auto admin = kafka::GroupAdmin::Create(session.KafkaClient());
  if (!admin.ok()) return admin.status();
  const auto groups = (*admin)->List(kTimeout);
  if (!groups.ok()) return ExplainKafka(session.addresses().kafka, groups.status());
  Listing listing(format, {{"GROUP"}, {"STATE"}});
  for (const kafka::GroupListing& group : *groups) {
    std::string json = "{\"group\":";
    AppendJsonString(group.name, &json);
    json += ",\"state\":";
    AppendJsonString(group.state, &json);
    listing.AddJson(json + "}", [&group] {
      return std::vector<std::string>{Printable(group.name), Printable(group.state)};
    });
  }
  listing.Finish();
  return absl::OkStatus();
}

}  // namespace

void AddGroupsList(CommandLine* line) {
  line->Add("groups list", "Lists Kafka's consumer groups", [](Command& command) {
    const auto format = std::make_shared<std::string>("table");
    command.Output(format.get());
    command.Examples("  windrow groups list");
    return [format](Session& session) { return Run(session, *format); };
  });
}

}  // namespace windrow::cli
