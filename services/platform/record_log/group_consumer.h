#ifndef SERVICES_PLATFORM_RECORD_LOG_GROUP_CONSUMER_H_
#define SERVICES_PLATFORM_RECORD_LOG_GROUP_CONSUMER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/record_log/offsets.h"
#include "services/platform/record_log/record.h"

namespace windrow::record_log {

// A group's metadata as of one moment: who may commit for the group. Captured on the polling
// thread, used by the committing one. Only the cluster that made it knows what it holds.
class GroupMetadata {
 public:
  virtual ~GroupMetadata() = default;
};
using GroupMetadataHandle = std::unique_ptr<const GroupMetadata>;

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

// A member of a consumer group (eager, round robin) that reads each assigned partition through a
// queue of its own, so that its owner decides which partition to read next: a limit or a pause is
// just not reading. Sees only committed transactions. Commits nothing itself. All methods are
// called from one thread. Destroyed without Close, it does not leave the group in order: it is
// missed after its session timeout.
class GroupConsumer {
 public:
  struct Options {
    std::string group;
    std::vector<std::string> topics;
    // Bound of the records that wait unread in each partition's queue.
    int queued_kilobytes_per_partition = 8192;
    absl::Duration session_timeout = absl::Seconds(3);
    // Called from any thread when a record or an event arrives in an empty queue.
    void (*on_wakeup)(void* opaque) = nullptr;
    void* wakeup_opaque = nullptr;
  };

  // One record or end-of-log event.
  struct Event {
    // Set for a record; else the partition's log ends (for now) at `offset`.
    const Record* record = nullptr;
    int64_t offset = 0;
  };

  virtual ~GroupConsumer() = default;

  // Serves rebalances (which call the listener) and events of the client. An error is one that the
  // client cannot recover from by itself: OUT_OF_RANGE when the broker refuses the session timeout,
  // INTERNAL otherwise.
  virtual absl::Status Poll(absl::Duration timeout) = 0;

  // Reads up to `max_events` that are there now from one assigned partition. DATA_LOSS when the
  // position is no longer in the log.
  virtual absl::StatusOr<int> Read(const TopicPartition& partition, int max_events,
                                   absl::FunctionRef<void(const Event&)> visit) = 0;

  // Begins to read the partitions at these offsets, instead of all assigned so far.
  virtual absl::Status Assign(const std::map<TopicPartition, int64_t>& starts) = 0;

  // Stored offsets of the group. Waits, within `timeout`, for transactions that are still open.
  virtual absl::StatusOr<std::map<TopicPartition, CommittedOffset>> Committed(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) = 0;

  // First offset and last stable offset of a partition.
  virtual absl::StatusOr<std::pair<int64_t, int64_t>> QueryOffsets(const TopicPartition& partition,
                                                                   absl::Duration timeout) = 0;

  // End of the partition's log (high watermark) as of the last fetch; -1 before the first.
  virtual int64_t LogEnd(const TopicPartition& partition) const = 0;

  // The metadata to commit with, or null while nothing may be committed: the assignment is lost or
  // the member has no generation.
  virtual GroupMetadataHandle CaptureGroupMetadata() const = 0;

  // Number of partitions of a topic as the client's metadata has it; 0 when not known.
  virtual int PartitionCount(const std::string& topic, absl::Duration timeout) const = 0;

  // Leaves the group (which calls OnRevoked) and waits for it.
  virtual absl::Status Close(absl::Duration timeout) = 0;
};

}  // namespace windrow::record_log

#endif  // SERVICES_PLATFORM_RECORD_LOG_GROUP_CONSUMER_H_
