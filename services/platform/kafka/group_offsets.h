#ifndef SERVICES_PLATFORM_KAFKA_GROUP_OFFSETS_H_
#define SERVICES_PLATFORM_KAFKA_GROUP_OFFSETS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/committed_offsets.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {

// Reads and writes what a consumer group has stored, without being its member: for repairs, while
// the group has no members. One thread at a time.
class GroupOffsets {
 public:
  static absl::StatusOr<std::unique_ptr<GroupOffsets>> Open(const KafkaConfig& config,
                                                            const std::string& group);
  ~GroupOffsets();
  GroupOffsets(const GroupOffsets&) = delete;
  GroupOffsets& operator=(const GroupOffsets&) = delete;

  absl::StatusOr<std::map<TopicPartition, CommittedOffset>> Read(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) const;

  // FAILED_PRECONDITION while the group has members.
  absl::Status Write(const std::vector<OffsetToCommit>& offsets) const;

 private:
  GroupOffsets(rd_kafka_t* client, std::string group);

  rd_kafka_t* const client_;
  const std::string group_;
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_GROUP_OFFSETS_H_
