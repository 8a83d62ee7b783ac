#ifndef SERVICES_PLATFORM_RECORD_LOG_OFFSETS_H_
#define SERVICES_PLATFORM_RECORD_LOG_OFFSETS_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/types/optional.h"

namespace windrow::record_log {

// Names a partition of a topic; ordered.
using TopicPartition = std::pair<std::string, int>;

// What a consumer group has stored for a partition.
struct CommittedOffset {
  // nullopt when nothing was ever committed.
  absl::optional<int64_t> offset;
  std::string metadata;
};

// An offset to commit for a group.
struct OffsetToCommit {
  std::string topic;
  int partition = 0;
  int64_t offset = 0;
  // At most 4,096 bytes.
  std::string metadata;
};

}  // namespace windrow::record_log

#endif  // SERVICES_PLATFORM_RECORD_LOG_OFFSETS_H_
