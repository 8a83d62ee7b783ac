#ifndef SERVICES_PRODUCER_PRODUCER_APP_H_
#define SERVICES_PRODUCER_PRODUCER_APP_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/metrics/metrics_server.h"
#include "services/platform/rpc/rpc_server.h"
#include "services/platform/rpc/server_options.h"
#include "services/producer/core/replay_options.h"
#include "services/producer/replay_runner.h"
#include "services/producer/source/producer_service.h"

namespace windrow::producer {

// Validated settings of the process.
struct ProducerOptions {
  kafka::KafkaConfig kafka;
  std::string listen = "127.0.0.1:7001";
  rpc::ServerOptions rpc;
  // Where to serve metrics; empty for nowhere.
  std::string metrics_address;
  std::string log_format = "json";
  std::string topic = "calls";
  // 0: the topic is used as it is.
  int topic_partitions = 4;
  // Started as soon as Kafka answers.
  std::optional<ReplayOptions> autostart;
};

// The producer service: wires source, core and sink together and runs until SIGTERM or SIGINT,
// whose signals must be blocked. One thread.
class ProducerApp {
 public:
  // Listens; Kafka need not be there yet. ALREADY_EXISTS when the port is taken.
  static absl::StatusOr<std::unique_ptr<ProducerApp>> Build(const ProducerOptions& options);

  // Waits for Kafka, sees to the topic, serves, and ends in order when asked to. An error when it
  // cannot go on: the topic has another number of partitions, the first replay cannot be started.
  absl::Status Run();

 private:
  explicit ProducerApp(const ProducerOptions& options);

  // False when asked to end before Kafka answered.
  absl::StatusOr<bool> WaitForTopic();
  absl::Status CheckTopic();
  absl::Status Autostart();
  void ServeUntilTermination();
  void ShutDown();

  const ProducerOptions options_;
  std::unique_ptr<kafka::TopicAdmin> admin_;
  ReplayRunner runner_;
  ProducerService service_;
  std::unique_ptr<metrics::MetricsServer> metrics_;
  // Last: it stops before what it serves goes.
  std::unique_ptr<rpc::RpcServer> server_;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_PRODUCER_APP_H_
