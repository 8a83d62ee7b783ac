#ifndef SERVICES_PLATFORM_KAFKA_COMMITTED_OFFSETS_H_
#define SERVICES_PLATFORM_KAFKA_COMMITTED_OFFSETS_H_

#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/record_log/offsets.h"

namespace windrow::kafka {

using record_log::CommittedOffset;
using record_log::OffsetToCommit;
using record_log::TopicPartition;

// A list of the partitions, without offsets.
TopicPartitionListHandle MakePartitionList(const std::vector<TopicPartition>& partitions);

// What the group of `client`, a consumer, has stored for the partitions. Waits, within `timeout`,
// for transactions that are still open.
absl::StatusOr<std::map<TopicPartition, CommittedOffset>> ReadCommittedOffsets(
    rd_kafka_t* client, const std::vector<TopicPartition>& partitions, absl::Duration timeout);

// A list with offsets and metadata, as librdkafka commits them.
TopicPartitionListHandle MakeOffsetList(const std::vector<OffsetToCommit>& offsets);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_COMMITTED_OFFSETS_H_
