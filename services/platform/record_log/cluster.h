#ifndef SERVICES_PLATFORM_RECORD_LOG_CLUSTER_H_
#define SERVICES_PLATFORM_RECORD_LOG_CLUSTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/record_log/partition_reader.h"
#include "services/platform/record_log/transactional_producer.h"

namespace windrow::record_log {

// Partitioned logs with transactions and consumer groups, as Kafka has them: kafka::KafkaCluster,
// and MemoryCluster for tests. What both promise is stated by log_contract.cc. Makes the clients,
// which it must outlive. Thread-safe.
class Cluster {
 public:
  virtual ~Cluster() = default;

  // Subscribes as a member of a group. `client_id` decides the order of assignment; the listener
  // must outlive the consumer.
  virtual absl::StatusOr<std::unique_ptr<GroupConsumer>> JoinGroup(
      const std::string& client_id, const GroupConsumer::Options& options,
      AssignmentListener* listener) = 0;

  // Takes over a transactional id: any transaction that its former owner left is finished, and
  // that owner is fenced. UNAVAILABLE / DEADLINE_EXCEEDED when that cannot be done in `timeout`.
  virtual absl::StatusOr<std::unique_ptr<TransactionalProducer>> TakeTransactionalId(
      const std::string& client_id, const std::string& transactional_id,
      absl::Duration transaction_timeout, absl::Duration timeout) = 0;

  // UNAVAILABLE or DEADLINE_EXCEEDED when the cluster does not answer, NOT_FOUND when a topic or
  // partition does not exist.
  virtual absl::StatusOr<std::unique_ptr<PartitionReader>> ReadPartitions(
      const std::vector<StartPosition>& starts) = 0;
};

}  // namespace windrow::record_log

#endif  // SERVICES_PLATFORM_RECORD_LOG_CLUSTER_H_
