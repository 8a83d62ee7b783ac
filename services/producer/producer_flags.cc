#include "services/producer/producer_flags.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/metrics/metrics_flags.h"
#include "services/platform/rpc/server_flags.h"
#include "services/platform/runtime/flags.h"
#include "services/producer/generator_flags.h"
#include "services/producer/source/dataset_reader.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:7001", "address of the gRPC server, HOST:PORT");
ABSL_FLAG(std::string, log_format, "json", "form of log lines: json or text");
ABSL_FLAG(std::string, topic, "calls", "topic to write to");
ABSL_FLAG(int, topic_partitions, 4,
          "number of partitions of the topic, which is created if it does not exist; 0: use it as "
          "it is");
ABSL_FLAG(std::string, dataset, "",
          "start by replaying this file: one JSON array, or one JSON object per line");
ABSL_FLAG(std::string, event_time_field, "call_date_time",
          "field of the dataset that holds the event time");
ABSL_FLAG(std::string, order, "event-time",
          "order of the dataset's records: event-time (oldest first) or file");
ABSL_FLAG(int64_t, generate, 0, "start by replaying this many generated calls");
ABSL_FLAG(double, rate, 0, "records per second; 0: as fast as possible");
ABSL_FLAG(double, speedup, 0,
          "seconds of event time per second, instead of --rate; 0: as fast as possible");

namespace windrow::producer {
namespace {

constexpr int kMaxPartitions = 10'000;

constexpr absl::string_view kUsage =
    "Replays a dataset of calls, or generated ones, into a Kafka topic.\n"
    "Without --dataset and --generate it waits for windrow.producer.v1.ProducerService/StartReplay."
    "\nIt stays up after the replay; SIGTERM ends it.";

Order OrderFromFlag() {
  const std::string order = absl::GetFlag(FLAGS_order);
  if (order == "event-time") return Order::kEventTime;
  if (order == "file") return Order::kFile;
  runtime::ExitWithUsageError("--order must be event-time or file");
}

Pace PaceFromFlags() {
  const double rate = absl::GetFlag(FLAGS_rate);
  const double speedup = absl::GetFlag(FLAGS_speedup);
  if (rate != 0 && speedup != 0) {
    runtime::ExitWithUsageError("--rate and --speedup exclude each other");
  }
  if (rate != 0) return {Pace::Kind::kRecordsPerSecond, rate};
  if (speedup != 0) return {Pace::Kind::kSpeedup, speedup};
  return Pace();
}

void CheckDataset(const DatasetOptions& dataset, Order order) {
  const auto reader = DatasetReader::Open(dataset, order);
  if (reader.ok()) return;
  runtime::ExitWithUsageError(absl::StrCat("--dataset: ", reader.status().message()));
}

std::optional<ReplayOptions> AutostartFromFlags() {
  const std::string dataset = absl::GetFlag(FLAGS_dataset);
  const int64_t records = absl::GetFlag(FLAGS_generate);
  const std::vector<std::string> generator_flags = GeneratorFlagsInUse();
  if (!dataset.empty() && records != 0) {
    runtime::ExitWithUsageError("--dataset and --generate exclude each other");
  }
  if (records == 0 && !generator_flags.empty()) {
    runtime::ExitWithUsageError(absl::StrCat(generator_flags.front(), " needs --generate"));
  }
  ReplayOptions options;
  options.topic = absl::GetFlag(FLAGS_topic);
  options.order = OrderFromFlag();
  options.pace = PaceFromFlags();
  if (records != 0) {
    options.source = GeneratorOptionsFromFlags(records);
  } else {
    // Checked even if none is named, so that no wrong value passes in silence.
    options.source =
        DatasetOptions{dataset.empty() ? "none" : dataset, absl::GetFlag(FLAGS_event_time_field)};
  }
  ExitOnProblems(CheckReplayOptions(options), "--generate");
  if (records == 0 && dataset.empty()) return std::nullopt;
  if (!dataset.empty()) CheckDataset(std::get<DatasetOptions>(options.source), options.order);
  return options;
}

}  // namespace

ProducerOptions ParseProducerFlags(int argc, char** argv) {
  runtime::ParseFlagsOrExit(argc, argv, kUsage);
  ProducerOptions options;
  options.kafka = kafka::KafkaConfigFromFlags("windrow-producer");
  options.listen = absl::GetFlag(FLAGS_listen);
  options.metrics_address = metrics::MetricsAddressFromFlags(&options.kafka);
  options.rpc = rpc::ServerOptionsFromFlags("producer.windrow");
  options.log_format = absl::GetFlag(FLAGS_log_format);
  options.topic = absl::GetFlag(FLAGS_topic);
  options.topic_partitions = absl::GetFlag(FLAGS_topic_partitions);
  if (options.kafka.bootstrap_servers.empty()) runtime::ExitWithUsageError("--kafka is empty");
  if (options.log_format != "json" && options.log_format != "text") {
    runtime::ExitWithUsageError("--log_format must be json or text");
  }
  if (options.topic_partitions < 0 || options.topic_partitions > kMaxPartitions) {
    runtime::ExitWithUsageError("--topic_partitions must be from 0 to 10000");
  }
  options.autostart = AutostartFromFlags();
  return options;
}

}  // namespace windrow::producer
