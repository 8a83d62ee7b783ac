#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/topic_client.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"

namespace windrow::cli {
namespace {

absl::Status Run(Session& session, const std::string& format) {
  absl::StatusOr<TopicClient> client = TopicClient::Connect(session);
  if (!client.ok()) return client.status();
  const absl::StatusOr<std::vector<TopicSize>> topics = client->Topics();
  if (!topics.ok()) return topics.status();
  Listing listing(
      format,
      {{"TOPIC"}, {"PARTITIONS", TextTable::Align::kRight}, {"OFFSETS", TextTable::Align::kRight}});
  for (const TopicSize& topic : *topics) {
    const std::string partitions = absl::StrCat(topic.partitions.size());
    const std::string offsets = absl::StrCat(topic.offsets());
    std::string json = "{\"topic\":";
    AppendJsonString(topic.name, &json);
    absl::StrAppend(&json, ",\"partitions\":", partitions, ",\"offsets\":", offsets, "}");
    listing.AddJson(json, [&] {
      return std::vector<std::string>{topic.name, partitions, offsets};
    });
  }
  listing.Finish();
  return absl::OkStatus();
}

}  // namespace

void AddTopicsList(CommandLine* line) {
  line->Add(
      "topics list",
      "Lists topics. Offsets: records in the log; in our own topics also the transactions' marks",
      [](Command& command) {
        const auto format = std::make_shared<std::string>("table");
        command.Output(format.get());
        command.Examples("  windrow topics list\n  windrow topics list -o json");
        return [format](Session& session) { return Run(session, *format); };
      });
}

}  // namespace windrow::cli
