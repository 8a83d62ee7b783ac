#include "services/platform/kafka/group_offsets.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/kafka/client_end.h"

namespace windrow::kafka {

absl::StatusOr<std::unique_ptr<GroupOffsets>> GroupOffsets::Open(const KafkaConfig& config,
                                                                 const std::string& group) {
  absl::StatusOr<ConfHandle> conf = MakeConf(config, {{"group.id", group},
                                                      {"enable.auto.commit", "false"},
                                                      {"isolation.level", "read_committed"}});
  if (!conf.ok()) return conf.status();
  absl::StatusOr<rd_kafka_t*> client = NewClient(RD_KAFKA_CONSUMER, *std::move(conf));
  if (!client.ok()) return client.status();
  return std::unique_ptr<GroupOffsets>(new GroupOffsets(*client, group));
}

GroupOffsets::GroupOffsets(rd_kafka_t* client, std::string group)
    : client_(client), group_(std::move(group)) {}

GroupOffsets::~GroupOffsets() { EndClient(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }

absl::StatusOr<std::map<TopicPartition, CommittedOffset>> GroupOffsets::Read(
    const std::vector<TopicPartition>& partitions, absl::Duration timeout) const {
  return ReadCommittedOffsets(client_, partitions, timeout);
}

absl::Status GroupOffsets::Write(const std::vector<OffsetToCommit>& offsets) const {
  const TopicPartitionListHandle list = MakeOffsetList(offsets);
  const rd_kafka_resp_err_t code = rd_kafka_commit(client_, list.get(), /*async=*/0);
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION) {
    return absl::FailedPreconditionError(
        absl::StrCat("group ", group_, " has members: stop every replica of the aggregator first"));
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return KafkaError(code, absl::StrCat("commit offsets of group ", group_));
  }
  return absl::OkStatus();
}

}  // namespace windrow::kafka
