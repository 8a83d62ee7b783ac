// Fills a topic with a stream of which each property can be chosen, and ends.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "bench/stream/stream_records.h"
#include "services/platform/kafka/record_producer.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Kafka broker, HOST:PORT");
ABSL_FLAG(std::string, topic, "stream", "topic to write to; it must exist");
ABSL_FLAG(int, partitions, 4, "partitions of the topic");
ABSL_FLAG(int64_t, records, 1'000'000, "records to write");
ABSL_FLAG(int64_t, groups, 200, "different groups");
ABSL_FLAG(int64_t, bytes, 410, "bytes of a record, 64 or more");
ABSL_FLAG(int64_t, events_per_second, 100, "records per second of event time");

namespace windrow::bench {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(60);

absl::Status Fill() {
  kafka::KafkaConfig config;
  config.bootstrap_servers = absl::GetFlag(FLAGS_kafka);
  config.client_id = "stream";
  config.properties["linger.ms"] = "50";
  config.properties["batch.size"] = "1000000";
  config.properties["compression.type"] = "lz4";
  const auto producer = kafka::RecordProducer::Create(config);
  if (!producer.ok()) return producer.status();
  StreamRecords records({std::max<int64_t>(1, absl::GetFlag(FLAGS_groups)),
                         std::max(StreamRecords::kLeastBytes, absl::GetFlag(FLAGS_bytes)),
                         std::max<int64_t>(1, absl::GetFlag(FLAGS_events_per_second))});
  const std::string topic = absl::GetFlag(FLAGS_topic);
  const int partitions = absl::GetFlag(FLAGS_partitions);
  for (int64_t number = 0; number < absl::GetFlag(FLAGS_records); ++number) {
    const absl::Status sent = (*producer)->Send(topic, static_cast<int>(number % partitions), "",
                                                records.Next(), kDeadline);
    if (!sent.ok()) return sent;
  }
  return (*producer)->Flush(kDeadline);
}

}  // namespace
}  // namespace windrow::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Fills a topic with a stream of which each property is chosen.");
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = windrow::bench::Fill();
  if (status.ok()) {
    std::puts("{}");
    return 0;
  }
  absl::FPrintF(stderr, "stream: %s\n", status.message());
  return 1;
}
