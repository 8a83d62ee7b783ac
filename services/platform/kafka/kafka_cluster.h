#ifndef SERVICES_PLATFORM_KAFKA_KAFKA_CLUSTER_H_
#define SERVICES_PLATFORM_KAFKA_KAFKA_CLUSTER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/record_log/cluster.h"

namespace windrow::kafka {

// A Kafka cluster as record_log::Cluster has it. Thread-safe.
class KafkaCluster : public record_log::Cluster {
 public:
  explicit KafkaCluster(KafkaConfig config) : config_(std::move(config)) {}

  absl::StatusOr<std::unique_ptr<record_log::GroupConsumer>> JoinGroup(
      const std::string& client_id, const record_log::GroupConsumer::Options& options,
      record_log::AssignmentListener* listener) override;
  absl::StatusOr<std::unique_ptr<record_log::TransactionalProducer>> TakeTransactionalId(
      const std::string& client_id, const std::string& transactional_id,
      absl::Duration transaction_timeout, absl::Duration timeout) override;
  absl::StatusOr<std::unique_ptr<record_log::PartitionReader>> ReadPartitions(
      const std::vector<record_log::StartPosition>& starts) override;

 private:
  KafkaConfig ConfigOf(const std::string& client_id) const;

  const KafkaConfig config_;
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_KAFKA_CLUSTER_H_
