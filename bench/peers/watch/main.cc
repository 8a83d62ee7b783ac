// Follows the results of a peer until they account for all records, and says when they began, were
// half there, and complete: a line of JSON for each. Creates the topic first, so that it is there
// before the peer. Then writes the rows to a file, for who checks them.

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/peers/watch/window_row.h"
#include "bench/peers/watch/window_totals.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/runtime/flags.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Kafka brokers, HOST:PORT[,HOST:PORT...].");
ABSL_FLAG(std::string, topic, "results", "Results topic of the peer.");
ABSL_FLAG(int32_t, partitions, 4, "Its partitions.");
ABSL_FLAG(int64_t, total, 0, "What all counts add up to in the end.");
ABSL_FLAG(absl::Duration, silence, absl::Seconds(60),
          "How long to wait for a row before giving up; what was read until then is written.");
ABSL_FLAG(std::string, rows, "rows.tsv",
          "File for the newest version of each row: window start, count, type.");

namespace windrow::bench {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(30);
// After everything is there: whether more comes, which would be too much.
constexpr absl::Duration kAfterwards = absl::Seconds(1);

void Say(absl::string_view event, absl::Time when, const WindowTotals& totals) {
  absl::PrintF(R"({"event":"%s","time_us":%d,"total":%d,"rows":%d,"updates":%d,"decreases":%d})"
               "\n",
               event, absl::ToUnixMicros(when), totals.total(), totals.counts().size(),
               totals.updates(), totals.decreases());
  std::fflush(stdout);
}

absl::StatusOr<std::unique_ptr<kafka::PartitionReader>> OpenTopic() {
  kafka::KafkaConfig config;
  config.bootstrap_servers = absl::GetFlag(FLAGS_kafka);
  config.client_id = "watch";
  const auto admin = kafka::TopicAdmin::Create(config);
  if (!admin.ok()) return admin.status();
  kafka::TopicSpec topic;
  topic.name = absl::GetFlag(FLAGS_topic);
  topic.partitions = absl::GetFlag(FLAGS_partitions);
  // Some give their rows the time of the calls, which is years ago.
  topic.settings = {{"retention.ms", "-1"}};
  const absl::Status created = (*admin)->EnsureTopics({topic}, kDeadline);
  if (!created.ok()) return created;
  std::vector<kafka::StartPosition> starts;
  for (int partition = 0; partition < topic.partitions; ++partition) {
    starts.push_back({topic.name, partition, kafka::StartPosition::kBeginning});
  }
  return kafka::PartitionReader::Create(config, starts);
}

// Says each milestone when it is passed.
class Milestones {
 public:
  explicit Milestones(int64_t wanted) : wanted_(wanted) {}

  void Pass(absl::Time now, const WindowTotals& totals) {
    if (stage_ == 0 && totals.updates() > 0) Reach("first", now, totals);
    if (stage_ == 1 && totals.total() * 2 >= wanted_) Reach("half", now, totals);
    if (stage_ == 2 && totals.total() >= wanted_) Reach("complete", now, totals);
  }

  bool complete() const { return stage_ == 3; }

 private:
  void Reach(absl::string_view event, absl::Time now, const WindowTotals& totals) {
    Say(event, now, totals);
    ++stage_;
  }

  const int64_t wanted_;
  int stage_ = 0;
};

absl::Status Follow(kafka::PartitionReader& reader, WindowTotals& totals) {
  constexpr int kBatch = 1000;
  Milestones milestones(absl::GetFlag(FLAGS_total));
  int64_t broken = 0;
  absl::Time last = absl::Now();
  while (absl::Now() - last <
         (milestones.complete() ? kAfterwards : absl::GetFlag(FLAGS_silence))) {
    const auto read = reader.Read(kBatch, absl::Milliseconds(100), [&](const auto& record) {
      const auto row = WindowRow::Parse(record.value);
      row.has_value() ? totals.Take(*row) : static_cast<void>(++broken);
    });
    if (!read.ok()) return read.status();
    if (*read == 0) continue;
    // The wait after the end is not prolonged by versions that say the same again.
    if (!milestones.complete()) last = absl::Now();
    milestones.Pass(last, totals);
  }
  if (broken > 0) return absl::DataLossError(absl::StrFormat("%d records are no rows", broken));
  Say("end", last, totals);
  return absl::OkStatus();
}

absl::Status WriteRows(const WindowTotals& totals) {
  std::ofstream out(absl::GetFlag(FLAGS_rows));
  for (const auto& [key, count] : totals.counts()) {
    out << key.first << '\t' << count << '\t' << key.second << '\n';
  }
  out.flush();
  return out ? absl::OkStatus() : absl::UnavailableError("cannot write the rows");
}

absl::Status Run() {
  const auto reader = OpenTopic();
  if (!reader.ok()) return reader.status();
  WindowTotals totals;
  Say("ready", absl::Now(), totals);
  const absl::Status followed = Follow(**reader, totals);
  return followed.ok() ? WriteRows(totals) : followed;
}

}  // namespace
}  // namespace windrow::bench

int main(int argc, char** argv) {
  windrow::runtime::ParseFlagsOrExit(argc, argv, "Follows the results of a peer.");
  const absl::Status status = windrow::bench::Run();
  if (status.ok()) return 0;
  absl::FPrintF(stderr, "watch: %s\n", status.ToString());
  return 1;
}
