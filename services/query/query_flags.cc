#include "services/query/query_flags.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/metrics/metrics_flags.h"
#include "services/platform/rpc/server_flags.h"
#include "services/platform/runtime/flags.h"

ABSL_FLAG(std::string, listen, "127.0.0.1:7003", "Where to serve gRPC, HOST:PORT; port 0 is any.");
ABSL_FLAG(std::string, store_dir, "./query-store",
          "Directory of the stored results, for this process alone; made if it does not exist.");
ABSL_FLAG(std::vector<std::string>, pipeline, {},
          "Ids of the pipelines to serve, separated by commas; all, or none, for all there are.");
ABSL_FLAG(int32_t, max_subscribers, 1000, "Most Subscribe calls at a time.");
ABSL_FLAG(absl::Duration, subscriber_patience, absl::Minutes(1),
          "How long a subscriber may read nothing before its call is ended, 1s or more.");
ABSL_FLAG(absl::Duration, retention, absl::InfiniteDuration(),
          "How far behind its pipeline's watermark a window is kept, as in 720h; inf keeps all.");
ABSL_FLAG(std::string, log_format, "json",
          "Form of the log lines on standard error: json or text.");

namespace windrow::query {

QueryApp::Options ParseQueryFlags(int argc, char** argv) {
  runtime::ParseFlagsOrExit(argc, argv,
                            "Keeps the results of windrow's pipelines and serves them over gRPC.");
  QueryApp::Options options;
  options.kafka = kafka::KafkaConfigFromFlags("windrow-query");
  options.listen = absl::GetFlag(FLAGS_listen);
  options.store_dir = absl::GetFlag(FLAGS_store_dir);
  options.pipelines = absl::GetFlag(FLAGS_pipeline);
  options.max_subscribers = absl::GetFlag(FLAGS_max_subscribers);
  options.subscriber_patience = absl::GetFlag(FLAGS_subscriber_patience);
  options.retention = absl::GetFlag(FLAGS_retention);
  options.metrics_address = metrics::MetricsAddressFromFlags(&options.kafka);
  options.rpc = rpc::ServerOptionsFromFlags("query.windrow");
  options.log_format = absl::GetFlag(FLAGS_log_format);
  return options;
}

}  // namespace windrow::query
