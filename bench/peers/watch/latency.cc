// Prints, as one line of JSON, how long a record takes from the producer's hand until its row can
// be read from a peer's results, read_committed: sends markers into the source topic beside
// whatever load there is, and looks for their rows.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/latency/marker_clock.h"
#include "bench/latency/marker_sender.h"
#include "bench/peers/watch/window_row.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/record_producer.h"
#include "services/platform/runtime/flags.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Kafka brokers, HOST:PORT[,HOST:PORT...].");
ABSL_FLAG(std::string, source, "calls", "Topic to write markers to.");
ABSL_FLAG(std::string, results, "results", "Results topic of the peer.");
ABSL_FLAG(int32_t, partitions, 4, "Partitions of each of them.");
ABSL_FLAG(int32_t, markers_per_second, 50, "Markers sent per second.");
ABSL_FLAG(absl::Duration, duration, absl::Seconds(20), "For how long to send.");

namespace windrow::bench {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(30);

// Looks for rows of markers, on a thread of its own.
class ResultsReader {
 public:
  ResultsReader(std::unique_ptr<kafka::PartitionReader> reader, MarkerClock* clock)
      : clock_(clock), reader_(std::move(reader)), thread_([this] { Run(); }) {}

  ~ResultsReader() {
    stopping_ = true;
    thread_.join();
  }

 private:
  void Run() {
    while (!stopping_) {
      const auto read = reader_->Read(1000, absl::Milliseconds(100), [&](const auto& record) {
        const auto row = WindowRow::Parse(record.value);
        if (row.has_value()) clock_->See(row->type, absl::Now());
      });
      if (read.ok()) continue;
      absl::FPrintF(stderr, "latency: %s\n", read.status().ToString());
      return;
    }
  }

  MarkerClock* const clock_;
  const std::unique_ptr<kafka::PartitionReader> reader_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

absl::Status Measure(MarkerClock* clock) {
  kafka::KafkaConfig config;
  config.bootstrap_servers = absl::GetFlag(FLAGS_kafka);
  config.client_id = "latency";
  std::vector<kafka::StartPosition> starts;
  for (int partition = 0; partition < absl::GetFlag(FLAGS_partitions); ++partition) {
    starts.push_back({absl::GetFlag(FLAGS_results), partition, kafka::StartPosition::kEnd});
  }
  auto reader = kafka::PartitionReader::Create(config, starts);
  if (!reader.ok()) return reader.status();
  const ResultsReader results(*std::move(reader), clock);
  // What a client waits for is not the way that is measured.
  config.properties["linger.ms"] = "0";
  const auto producer = kafka::RecordProducer::Create(config);
  if (!producer.ok()) return producer.status();

  MarkerLoad load;
  load.topic = absl::GetFlag(FLAGS_source);
  load.partitions = absl::GetFlag(FLAGS_partitions);
  load.markers_per_second = absl::GetFlag(FLAGS_markers_per_second);
  load.duration = absl::GetFlag(FLAGS_duration);
  const absl::Status sent = SendMarkers(load, clock, producer->get());
  if (!sent.ok()) return sent;
  const absl::Time deadline = absl::Now() + kDeadline;
  while (clock->missing() > 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
  return absl::OkStatus();
}

}  // namespace
}  // namespace windrow::bench

int main(int argc, char** argv) {
  windrow::runtime::ParseFlagsOrExit(argc, argv, "Measures the way of a record through a peer.");
  windrow::bench::MarkerClock clock(absl::StrCat(absl::ToUnixMicros(absl::Now())));
  const absl::Status status = windrow::bench::Measure(&clock);
  if (!status.ok()) {
    absl::FPrintF(stderr, "latency: %s\n", status.ToString());
    return 1;
  }
  absl::PrintF("%s\n", windrow::bench::LatenciesAsJson(clock));
  return clock.missing() == 0 ? 0 : 1;
}
