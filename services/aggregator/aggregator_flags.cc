#include "services/aggregator/aggregator_flags.h"

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/metrics/metrics_flags.h"
#include "services/platform/rpc/server_flags.h"
#include "services/platform/runtime/flags.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:7002", "gRPC address; port 0 takes a free one");
ABSL_FLAG(std::string, replica, "aggregator-0",
          "name of this replica: unique among replicas and the same after a restart");
ABSL_FLAG(std::vector<std::string>, pipeline_file, {},
          "files of pipelines (as text), separated by commas, to create if they do not exist");
ABSL_FLAG(std::vector<std::string>, only_pipelines, {},
          "ids of the pipelines that this replica runs, separated by commas; empty for all");
ABSL_FLAG(int, fetch_memory_mb, 16, "memory for records fetched and not yet read, per pipeline");
ABSL_FLAG(std::string, log_format, "json", "form of the log lines on standard error: json or text");

namespace windrow::aggregator {

AggregatorApp::Options ParseAggregatorFlags(int argc, char** argv) {
  runtime::ParseFlagsOrExit(argc, argv, "Counts records into windows, exactly once.");
  AggregatorApp::Options options;
  options.kafka = kafka::KafkaConfigFromFlags("windrow");
  options.listen = absl::GetFlag(FLAGS_listen);
  options.metrics_address = metrics::MetricsAddressFromFlags(&options.kafka);
  options.rpc = rpc::ServerOptionsFromFlags("aggregator.windrow");
  options.log_format = absl::GetFlag(FLAGS_log_format);
  options.replica = absl::GetFlag(FLAGS_replica);
  options.pipeline_files = absl::GetFlag(FLAGS_pipeline_file);
  options.only_pipelines = absl::GetFlag(FLAGS_only_pipelines);
  options.memory_megabytes = absl::GetFlag(FLAGS_fetch_memory_mb);
  return options;
}

}  // namespace windrow::aggregator
