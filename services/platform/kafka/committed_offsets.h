#ifndef SERVICES_PLATFORM_KAFKA_COMMITTED_OFFSETS_H_
#define SERVICES_PLATFORM_KAFKA_COMMITTED_OFFSETS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {

// Names a partition of a topic; ordered.
using TopicPartition = std::pair<std::string, int>;

// What a consumer group has stored for a partition.
struct CommittedOffset {
  // nullopt when nothing was ever committed.
  absl::optional<int64_t> offset;
  std::string metadata;
};

// A list of the partitions, without offsets.
TopicPartitionListHandle MakePartitionList(const std::vector<TopicPartition>& partitions);

// What the group of `client`, a consumer, has stored for the partitions. Waits, within `timeout`,
// for transactions that are still open.
absl::StatusOr<std::map<TopicPartition, CommittedOffset>> ReadCommittedOffsets(
    rd_kafka_t* client, const std::vector<TopicPartition>& partitions, absl::Duration timeout);

// An offset to commit for a group.
struct OffsetToCommit {
  std::string topic;
  int partition = 0;
  int64_t offset = 0;
  // At most 4,096 bytes.
  std::string metadata;
};

// A list with offsets and metadata, as librdkafka commits them.
TopicPartitionListHandle MakeOffsetList(const std::vector<OffsetToCommit>& offsets);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_COMMITTED_OFFSETS_H_
