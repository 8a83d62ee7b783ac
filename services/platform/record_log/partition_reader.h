#ifndef SERVICES_PLATFORM_RECORD_LOG_PARTITION_READER_H_
#define SERVICES_PLATFORM_RECORD_LOG_PARTITION_READER_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/record_log/record.h"

namespace windrow::record_log {

// Where a PartitionReader begins in one partition.
struct StartPosition {
  // Symbolic starts for `offset`.
  static constexpr int64_t kBeginning = -2;
  static constexpr int64_t kEnd = -1;

  std::string topic;
  int partition = 0;
  int64_t offset = kBeginning;
};

// Reads named partitions from named offsets, outside of any consumer group, seeing only committed
// transactions. One thread at a time.
class PartitionReader {
 public:
  virtual ~PartitionReader() = default;

  // Waits up to `timeout` for records, hands up to `max_records` to `visit` in order per
  // partition, and returns how many. DATA_LOSS when a position is no longer in the log; NOT_FOUND
  // when the topic is gone. Such an error is returned for ever. Passing trouble (a broker away) is
  // waited out. Returns early, with 0, when the end of a partition is reached.
  virtual absl::StatusOr<int> Read(int max_records, absl::Duration timeout,
                                   absl::FunctionRef<void(const Record&)> visit) = 0;

  // Whether every partition has been read to the end of what is committed, as of the last Read.
  virtual bool at_end() const = 0;
};

}  // namespace windrow::record_log

#endif  // SERVICES_PLATFORM_RECORD_LOG_PARTITION_READER_H_
