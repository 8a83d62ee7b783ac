#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/topic_client.h"
#include "clients/cli/json_text.h"
#include "clients/cli/output.h"
#include "clients/cli/text_table.h"

namespace windrow::cli {
namespace {

absl::Status Run(Session& session, const std::string& format) {
  absl::StatusOr<TopicClient> client = TopicClient::Connect(session);
  if (!client.ok()) return client.status();
  const absl::StatusOr<std::vector<TopicSize>> topics = client->Topics();
  if (!topics.ok()) return topics.status();
  TextTable table(
      {{"TOPIC"}, {"PARTITIONS", TextTable::Align::kRight}, {"OFFSETS", TextTable::Align::kRight}});
  for (const TopicSize& topic : *topics) {
    if (format == "json") {
      std::string json = "{\"topic\":";
      AppendJsonString(topic.name, &json);
      PrintLine(absl::StrCat(json, ",\"partitions\":", topic.partitions.size(),
                             ",\"offsets\":", topic.offsets(), "}"));
    } else {
      table.Add({topic.name, absl::StrCat(topic.partitions.size()), absl::StrCat(topic.offsets())});
    }
  }
  if (format != "json") Print(table.Text());
  return absl::OkStatus();
}

}  // namespace

void AddTopicsList(CommandLine* line) {
  line->Add(
      "topics list",
      "Lists topics. Offsets: records in the log; in our own topics also the transactions' marks",
      [](Command& command) {
        const auto format = std::make_shared<std::string>("table");
        command.Choice("-o,--output", format.get(), OutputFormats(), "How to print");
        command.Examples("  windrow topics list\n  windrow topics list -o json");
        return [format](Session& session) { return Run(session, *format); };
      });
}

}  // namespace windrow::cli
