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
#include "absl/time/time.h"
#include "services/platform/kafka/committed_offsets.h"
#include "services/platform/kafka/group_metadata.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/record_log/group_consumer.h"

namespace windrow::kafka {

using record_log::AssignmentListener;

// A member of a group by Kafka's classic protocol.
class GroupConsumer : public record_log::GroupConsumer {
 public:
  static absl::StatusOr<std::unique_ptr<GroupConsumer>> Create(const KafkaConfig& config,
                                                               const Options& options,
                                                               AssignmentListener* listener);
  ~GroupConsumer() override;
  GroupConsumer(const GroupConsumer&) = delete;
  GroupConsumer& operator=(const GroupConsumer&) = delete;

  absl::Status Poll(absl::Duration timeout) override;
  absl::StatusOr<int> Read(const TopicPartition& partition, int max_events,
                           absl::FunctionRef<void(const Event&)> visit) override;
  absl::Status Assign(const std::map<TopicPartition, int64_t>& starts) override;
  absl::StatusOr<std::map<TopicPartition, CommittedOffset>> Committed(
      const std::vector<TopicPartition>& partitions, absl::Duration timeout) override;
  absl::StatusOr<std::pair<int64_t, int64_t>> QueryOffsets(const TopicPartition& partition,
                                                           absl::Duration timeout) override;
  int64_t LogEnd(const TopicPartition& partition) const override;
  GroupMetadataHandle CaptureGroupMetadata() const override;
  int PartitionCount(const std::string& topic, absl::Duration timeout) const override;
  absl::Status Close(absl::Duration timeout) override;

 private:
  GroupConsumer(AssignmentListener* listener, const Options& options)
      : listener_(listener), options_(options) {}
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque);
  void Unassign();
  // Has the client look after the group now.
  void WakeClient() const;
  void ForgetQueues();

  AssignmentListener* const listener_;
  const Options options_;
  rd_kafka_t* client_ = nullptr;
  // Asks for the ends of logs, on connections of its own: on those of client_, an answer waits
  // behind the fetches, each of which the broker may hold back.
  rd_kafka_t* end_client_ = nullptr;
  // Whether there has been an assignment.
  bool joined_ = false;
  std::map<TopicPartition, QueueHandle> queues_;
  std::vector<rd_kafka_message_t*> batch_;
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_GROUP_CONSUMER_H_
