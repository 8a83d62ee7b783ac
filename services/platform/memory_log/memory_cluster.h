#ifndef SERVICES_PLATFORM_MEMORY_LOG_MEMORY_CLUSTER_H_
#define SERVICES_PLATFORM_MEMORY_LOG_MEMORY_CLUSTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/memory_log/disturbance.h"
#include "services/platform/memory_log/member_group.h"
#include "services/platform/memory_log/partition_log.h"
#include "services/platform/memory_log/transactions.h"
#include "services/platform/memory_log/virtual_clock.h"
#include "services/platform/record_log/cluster.h"

namespace windrow::memory_log {

// A cluster within the process, with Kafka's semantics as far as the product relies on them (which
// log_contract.cc states for both): offsets with gaps, read_committed, fencing, generations,
// timeouts by a virtual clock. For tests; of one thread.
class MemoryCluster : public record_log::Cluster {
 public:
  // All outlive the cluster, which outlives its clients.
  MemoryCluster(const VirtualClock* clock, Disturbance* disturbance);

  absl::StatusOr<std::unique_ptr<record_log::GroupConsumer>> JoinGroup(
      const std::string& client_id, const record_log::GroupConsumer::Options& options,
      record_log::AssignmentListener* listener) override;
  absl::StatusOr<std::unique_ptr<record_log::TransactionalProducer>> TakeTransactionalId(
      const std::string& client_id, const std::string& transactional_id,
      absl::Duration transaction_timeout, absl::Duration timeout) override;
  absl::StatusOr<std::unique_ptr<record_log::PartitionReader>> ReadPartitions(
      const std::vector<record_log::StartPosition>& starts) override;

  // ---- The cluster's administration, and the world outside.

  // Of more partitions than before, if it exists.
  void CreateTopic(const std::string& topic, int partitions);
  // Returns the offset.
  int64_t Append(const record_log::TopicPartition& partition, StoredRecord record);
  void DeleteRecordsBefore(const record_log::TopicPartition& partition, int64_t offset);
  void SetMinSessionTimeout(absl::Duration timeout) { min_session_timeout_ = timeout; }

  // While away, no call is answered and nobody is missed.
  void SetAway(bool away);
  bool away() const { return away_; }
  // The group's coordinator hears no more of a client, which does not know.
  void CutOff(const std::string& client_id);
  void Reconnect(const std::string& client_id);
  // Somebody else takes a transactional id.
  void StealTransactionalId(const std::string& id);

  int PartitionCount(const std::string& topic) const;
  const PartitionLog& Log(const record_log::TopicPartition& partition);
  // Committed records from `begin` on, in order. Returns the last stable offset.
  int64_t VisitCommitted(const record_log::TopicPartition& partition, int64_t begin,
                         absl::FunctionRef<void(int64_t offset, const StoredRecord& record)> visit);
  const MemberGroup::Offsets& CommittedOffsets(const std::string& group);

  // ---- For the clients.

  const VirtualClock& clock() const { return *clock_; }
  Disturbance& disturbance() { return *disturbance_; }
  absl::Time Now() const { return clock_->Now(); }
  // What has become due.
  void Settle();
  // Waits until `done` holds; false at the deadline.
  bool WaitUntil(absl::Time deadline, absl::FunctionRef<bool()> done);
  bool IsCutOff(const std::string& client_id) const { return cut_off_.count(client_id) > 0; }
  MemberGroup& Group(const std::string& name);
  Transactions& transactions() { return transactions_; }
  // Null when it does not exist.
  PartitionLog* FindLog(const record_log::TopicPartition& partition);
  absl::Duration min_session_timeout() const { return min_session_timeout_; }
  absl::Status WaitForCluster(absl::Time deadline);

 private:
  friend class MemoryConsumer;

  const VirtualClock* const clock_;
  Disturbance* const disturbance_;
  std::map<std::string, std::vector<PartitionLog>> topics_;
  std::map<std::string, MemberGroup> groups_;
  Transactions transactions_;
  std::set<std::string> cut_off_;
  // Consumers, to be told of cuts: (client id, what to do).
  std::set<class MemoryConsumer*> consumers_;
  absl::Duration min_session_timeout_ = absl::Seconds(1);
  bool away_ = false;
};

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_MEMORY_CLUSTER_H_
