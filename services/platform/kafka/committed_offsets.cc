#include "services/platform/kafka/committed_offsets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace windrow::kafka {

TopicPartitionListHandle MakePartitionList(const std::vector<TopicPartition>& partitions) {
  TopicPartitionListHandle list(
      rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second);
  }
  return list;
}

absl::StatusOr<std::map<TopicPartition, CommittedOffset>> ReadCommittedOffsets(
    rd_kafka_t* client, const std::vector<TopicPartition>& partitions, absl::Duration timeout) {
  const TopicPartitionListHandle list = MakePartitionList(partitions);
  const rd_kafka_resp_err_t code =
      rd_kafka_committed(client, list.get(), static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaError(code, "committed offsets");
  std::map<TopicPartition, CommittedOffset> committed;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = list->elems[i];
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return KafkaError(entry.err,
                        absl::StrCat("committed offset of ", entry.topic, "-", entry.partition));
    }
    CommittedOffset& offset = committed[TopicPartition(entry.topic, entry.partition)];
    if (entry.offset >= 0) offset.offset = entry.offset;
    if (entry.metadata != nullptr) {
      offset.metadata.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
    }
  }
  return committed;
}

TopicPartitionListHandle MakeOffsetList(const std::vector<OffsetToCommit>& offsets) {
  TopicPartitionListHandle list(
      rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const OffsetToCommit& offset : offsets) {
    rd_kafka_topic_partition_t* entry =
        rd_kafka_topic_partition_list_add(list.get(), offset.topic.c_str(), offset.partition);
    entry->offset = offset.offset;
    if (offset.metadata.empty()) continue;
    // The list frees it.
    entry->metadata = rd_kafka_mem_malloc(nullptr, offset.metadata.size());
    std::copy(offset.metadata.begin(), offset.metadata.end(), static_cast<char*>(entry->metadata));
    entry->metadata_size = offset.metadata.size();
  }
  return list;
}

}  // namespace windrow::kafka
