#include <algorithm>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/topic_client.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"
#include "clients/cli/record_line.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/runtime/termination.h"

namespace windrow::cli {
namespace {

struct TailOptions {
  std::string topic;
  std::string from = "end";
  int64_t count = 0;
  int64_t partition = -1;
  bool exit_at_end = false;
  std::string format = "table";
};

// The offset at which `from` begins in a partition.
absl::StatusOr<int64_t> FirstOffset(const std::string& from, const kafka::OffsetRange& range) {
  if (from == "beginning") return range.begin;
  if (from == "end") return range.end;
  int64_t number = 0;
  if (!absl::SimpleAtoi(from, &number)) {
    return UsageError(absl::StrCat("--from \"", from,
                                   "\" is none of beginning, end, -N (the last N) and an offset"));
  }
  if (from[0] == '-') return std::max(range.begin, range.end + number);
  return std::clamp(number, range.begin, range.end);
}

absl::StatusOr<std::vector<kafka::StartPosition>> Starts(const TailOptions& options,
                                                         const TopicSize& topic) {
  const auto partitions = static_cast<int64_t>(topic.partitions.size());
  if (options.partition >= partitions) {
    return UsageError(absl::StrCat("--partition ", options.partition, ": topic ", topic.name,
                                   " has partitions 0 to ", partitions - 1));
  }
  std::vector<kafka::StartPosition> starts;
  for (int64_t i = 0; i < partitions; ++i) {
    if (options.partition >= 0 && options.partition != i) continue;
    const absl::StatusOr<int64_t> offset = FirstOffset(options.from, topic.partitions[i]);
    if (!offset.ok()) return offset.status();
    starts.push_back({topic.name, static_cast<int>(i), *offset});
  }
  return starts;
}

absl::Status Run(Session& session, const TailOptions& options) {
  if (options.count < 0) return UsageError("--count must not be negative");
  runtime::BlockTerminationSignals();
  absl::StatusOr<TopicClient> client = TopicClient::Connect(session);
  if (!client.ok()) return client.status();
  const absl::StatusOr<TopicSize> topic = client->Topic(options.topic);
  if (!topic.ok()) return topic.status();
  const absl::StatusOr<std::vector<kafka::StartPosition>> starts = Starts(options, *topic);
  if (!starts.ok()) return starts.status();
  const auto reader = kafka::PartitionReader::Create(session.KafkaClient(), *starts);
  if (!reader.ok()) return reader.status();

  int64_t left = options.count > 0 ? options.count : std::numeric_limits<int64_t>::max();
  Listing listing(options.format);
  const auto print = [&](const kafka::RecordView& record) {
    const kafka::RecordHeaders headers = record.headers();
    if (options.format == "table") {
      PrintLine(RecordTextLine(record, headers));
    } else if (options.format == "csv") {
      // What a key or a value holds differs from record to record.
      listing.AddJson(RecordTextJsonLine(record, headers),
                      [] { return std::vector<std::string>(); });
    } else {
      listing.AddJson(RecordJsonLine(record, headers), [] { return std::vector<std::string>(); });
    }
  };
  while (left > 0) {
    if (runtime::WaitForTermination(absl::ZeroDuration())) return Interrupted("");
    const int most = static_cast<int>(std::min<int64_t>(left, 1000));
    const absl::StatusOr<int> read = (*reader)->Read(most, absl::Milliseconds(200), print);
    if (!read.ok()) return read.status();
    left -= *read;
    FlushOutput();
    if (options.exit_at_end && *read == 0 && (*reader)->at_end()) break;
  }
  return absl::OkStatus();
}

}  // namespace

void AddTopicsTail(CommandLine* line) {
  line->Add(
      "topics tail",
      "Prints a topic's committed records as they come, until Ctrl-C; our own formats as JSON",
      [](Command& command) {
        const auto options = std::make_shared<TailOptions>();
        command.Argument("TOPIC", &options->topic, "Its name");
        command.Option(
            "--from", &options->from,
            "Where to begin in each partition: beginning, end, -N (its last N offsets) or "
            "an offset");
        command.Option("--count", &options->count, "Stop after so many records; 0 goes on");
        command.Option("--partition", &options->partition, "Only this partition; -1 reads all");
        command.Flag("--exit-at-end", &options->exit_at_end,
                     "Stop when everything there is has been printed");
        command.Output(&options->format, {},
                       "How to print; table: partition:offset, headers, key and value in a line");
        command.Examples(
            "  windrow topics tail calls --from beginning --count 5\n"
            "  windrow topics tail sf-calls.results --from -3 --exit-at-end -o json\n"
            "  windrow topics tail sf-calls.dead-letter --from beginning --exit-at-end");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
