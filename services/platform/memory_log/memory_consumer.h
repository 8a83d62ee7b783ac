#ifndef SERVICES_PLATFORM_MEMORY_LOG_MEMORY_CONSUMER_H_
#define SERVICES_PLATFORM_MEMORY_LOG_MEMORY_CONSUMER_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/platform/memory_log/memory_cluster.h"
#include "services/platform/record_log/group_consumer.h"

namespace windrow::memory_log {

// A member of a group of a MemoryCluster. Its heartbeats go by themselves, as those of a client
// with threads of its own do.
class MemoryConsumer : public record_log::GroupConsumer {
 public:
  MemoryConsumer(MemoryCluster* cluster, std::string client_id, Options options,
                 record_log::AssignmentListener* listener);
  ~MemoryConsumer() override;
  MemoryConsumer(const MemoryConsumer&) = delete;
  MemoryConsumer& operator=(const MemoryConsumer&) = delete;

  absl::Status Poll(absl::Duration timeout) override;
  absl::StatusOr<int> Read(const record_log::TopicPartition& partition, int max_events,
                           absl::FunctionRef<void(const Event&)> visit) override;
  absl::Status Assign(const std::map<record_log::TopicPartition, int64_t>& starts) override;
  absl::StatusOr<std::map<record_log::TopicPartition, record_log::CommittedOffset>> Committed(
      const std::vector<record_log::TopicPartition>& partitions, absl::Duration timeout) override;
  absl::StatusOr<std::pair<int64_t, int64_t>> QueryOffsets(
      const record_log::TopicPartition& partition, absl::Duration timeout) override;
  int64_t LogEnd(const record_log::TopicPartition& partition) const override;
  record_log::GroupMetadataHandle CaptureGroupMetadata() const override;
  int PartitionCount(const std::string& topic, absl::Duration timeout) const override;
  absl::Status Close(absl::Duration timeout) override;

  const std::string& client_id() const { return client_id_; }
  void StopHeartbeats();
  void ResumeHeartbeats();

 private:
  // Where an assigned partition is read.
  struct Position {
    int64_t start = 0;
    int64_t next = 0;
    // Where the end of the log was last reported.
    int64_t end_reported = -1;
    int64_t log_end = -1;
  };

  MemberGroup& group() const { return cluster_->Group(options_.group); }
  // Null while it is no member.
  MemberGroup::Member* member() const { return group().Find(member_); }
  // Whether it was thrown out of the group and knows.
  bool Lost() const;
  // Whether there was something to do.
  bool ServeGroup();
  void Join();
  void Revoke(bool lost);

  MemoryCluster* const cluster_;
  const std::string client_id_;
  const Options options_;
  record_log::AssignmentListener* const listener_;
  // Empty before the first join.
  std::string member_;
  int64_t generation_ = -1;
  bool assigned_ = false;
  bool closed_ = false;
  std::map<record_log::TopicPartition, Position> positions_;
};

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_MEMORY_CONSUMER_H_
