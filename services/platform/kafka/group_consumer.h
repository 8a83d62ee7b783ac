#ifndef SERVICES_PLATFORM_KAFKA_GROUP_CONSUMER_H_
#define SERVICES_PLATFORM_KAFKA_GROUP_CONSUMER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/platform/kafka/committed_offsets.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {

// A group's metadata as of one moment: who may commit for the group. Captured on the polling
// thread, used by the committing one.
using GroupMetadataHandle = std::unique_ptr<
    rd_kafka_consumer_group_metadata_t,
    HandleDeleter<rd_kafka_consumer_group_metadata_t, rd_kafka_consumer_group_metadata_destroy>>;

// Told of changes of assignment, on the thread that calls Poll or Close.
class AssignmentListener {
 public:
  virtual ~AssignmentListener() = default;
  // The group gave these partitions: find where they start and call GroupConsumer::Assign.
  virtual void OnAssigned(const std::vector<TopicPartition>& partitions) = 0;
  // The group takes all partitions. Unless `lost`, what has been read may still be committed before
  // returning. The consumer unassigns them afterwards.
  virtual void OnRevoked(bool lost) = 0;
};

// A member of a consumer group (classic protocol, eager, round robin) that reads each assigned
// partition through a queue of its own, so that its owner decides which partition to read next: a
// limit or a pause is just not reading. Sees only committed transactions. Commits nothing itself.
// All methods are called from one thread.
class GroupConsumer {
 public:
  struct Options {
    std::string group;
    std::vector<std::string> topics;
    // Bound of the records that wait unread in each partition's queue.
    int queued_kilobytes_per_partition = 8192;
    absl::Duration session_timeout = absl::Seconds(3);
    // Called from librdkafka's threads when a record or an event arrives in an empty queue.
    void (*on_wakeup)(void* opaque) = nullptr;
    void* wakeup_opaque = nullptr;
  };

  // One record or end-of-log event.
  struct Event {
    // Set for a record; else the partition's log ends (for now) at `offset`.
    const rd_kafka_message_t* message = nullptr;
    int64_t offset = 0;
  };

  static absl::StatusOr<std::unique_ptr<GroupConsumer>> Create(const KafkaConfig& config,
                                                               const Options& options,
                                                               AssignmentListener* listener);
  // Closes without leaving the group in order, unless Close was called.
  ~GroupConsumer();
  GroupConsumer(const GroupConsumer&) = delete;
  GroupConsumer& operator=(const GroupConsumer&) = delete;

  // Serves rebalances (which call the listener) and events of the client. An error is one that the
  // client cannot recover from by itself: OUT_OF_RANGE when the broker refuses the session timeout,
  // INTERNAL otherwise.
  absl::Status Poll(absl::Duration timeout);

  // Reads up to `max_events` that are there now from one assigned partition. DATA_LOSS when the
  // position is no longer in the log.
  absl::StatusOr<int> Read(const TopicPartition& partition, int max_events,
                           absl::FunctionRef<void(const Event&)> visit);

  // Begins to read the partitions at these offsets, instead of all assigned so far.
  absl::Status Assign(const std::map<TopicPartition, int64_t>& starts);

  // Stored offsets of the group. Waits, within `timeout`, for transactions that are still open.
  absl::StatusOr<std::map<TopicPartition, CommittedOffset>> Committed(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout);

  // First offset and last stable offset of a partition.
  absl::StatusOr<std::pair<int64_t, int64_t>> QueryOffsets(const TopicPartition& partition,
                                                           absl::Duration timeout);

  // End of the partition's log (high watermark) as of the last fetch; -1 before the first.
  int64_t LogEnd(const TopicPartition& partition) const;

  // The metadata to commit with, or null while nothing may be committed: the assignment is lost or
  // the member has no generation.
  GroupMetadataHandle CaptureGroupMetadata() const;

  // Number of partitions of a topic as the client's metadata has it; 0 when not known.
  int PartitionCount(const std::string& topic, absl::Duration timeout) const;

  // Leaves the group (which calls OnRevoked) and waits for it.
  absl::Status Close(absl::Duration timeout);

 private:
  GroupConsumer(AssignmentListener* listener, const Options& options)
      : listener_(listener), options_(options) {}
  // An assigned partition's queue.
  struct PartitionQueue {
    QueueHandle queue;
    int64_t bytes_since_empty = 0;
  };

  void WakeFetcher(const TopicPartition& partition);
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque);
  void Unassign();

  AssignmentListener* const listener_;
  const Options options_;
  rd_kafka_t* client_ = nullptr;
  std::map<TopicPartition, PartitionQueue> queues_;
  std::vector<rd_kafka_message_t*> batch_;
  bool closed_ = false;
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_GROUP_CONSUMER_H_
