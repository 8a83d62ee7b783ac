#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/topic_client.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"

namespace windrow::cli {
namespace {

struct DescribeOptions {
  std::string topic;
  std::string format = "table";
};

absl::Status Run(Session& session, const DescribeOptions& options) {
  absl::StatusOr<TopicClient> client = TopicClient::Connect(session);
  if (!client.ok()) return client.status();
  const absl::StatusOr<TopicSize> topic = client->Topic(options.topic);
  if (!topic.ok()) return topic.status();
  Listing listing(options.format, {{"PARTITION", TextTable::Align::kRight},
                                   {"BEGIN", TextTable::Align::kRight},
                                   {"END", TextTable::Align::kRight},
                                   {"OFFSETS", TextTable::Align::kRight}});
  for (size_t i = 0; i < topic->partitions.size(); ++i) {
    const kafka::OffsetRange& range = topic->partitions[i];
    std::string json = "{\"topic\":";
    AppendJsonString(topic->name, &json);
    absl::StrAppend(&json, ",\"partition\":", i, ",\"begin\":", range.begin, ",\"end\":", range.end,
                    "}");
    listing.AddJson(json, [&] {
      return std::vector<std::string>{absl::StrCat(i), absl::StrCat(range.begin),
                                      absl::StrCat(range.end),
                                      absl::StrCat(range.end - range.begin)};
    });
  }
  listing.Finish();
  return absl::OkStatus();
}

}  // namespace

void AddTopicsDescribe(CommandLine* line) {
  line->Add("topics describe", "Shows a topic's partitions and their first and next offsets",
            [](Command& command) {
              const auto options = std::make_shared<DescribeOptions>();
              command.Argument("TOPIC", &options->topic, "Its name");
              command.Output(&options->format);
              command.Examples("  windrow topics describe calls");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
