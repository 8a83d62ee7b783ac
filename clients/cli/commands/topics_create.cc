#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/topic_client.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"

namespace windrow::cli {
namespace {

struct CreateOptions {
  std::string topic;
  int64_t partitions = 4;
  std::string format = "table";
};

absl::Status Run(Session& session, const CreateOptions& options) {
  if (options.partitions < 1 || options.partitions > 10'000) {
    return UsageError("--partitions must be 1 to 10000");
  }
  absl::StatusOr<TopicClient> client = TopicClient::Connect(session);
  if (!client.ok()) return client.status();
  absl::Status status = client->Create(options.topic, static_cast<int>(options.partitions));
  if (!status.ok()) return status;
  std::string json = "{\"topic\":";
  AppendJsonString(options.topic, &json);
  absl::StrAppend(&json, ",\"partitions\":", options.partitions, "}");
  PrintJsonRecord(options.format, json, [&options] {
    PrintLine(absl::StrCat(options.topic, ": ", options.partitions, " partitions"));
  });
  return status;
}

}  // namespace

void AddTopicsCreate(CommandLine* line) {
  line->Add("topics create",
            "Creates a topic; one that exists with as many partitions is left alone",
            [](Command& command) {
              const auto options = std::make_shared<CreateOptions>();
              command.Argument("TOPIC", &options->topic, "Its name");
              command.Option("--partitions", &options->partitions, "Number of partitions");
              command.Output(&options->format);
              command.Examples("  windrow topics create calls --partitions 4");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
