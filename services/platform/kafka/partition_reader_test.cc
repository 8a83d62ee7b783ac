// How a reader begins, against librdkafka's mock broker; see kafka_clients_test.cc for the rest.
#include "services/platform/kafka/partition_reader.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include <vector>

#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {
namespace {

constexpr int16_t kListOffsets = 2;

class PartitionReaderTest : public testing::Test {
 protected:
  PartitionReaderTest() {
    host_ = *NewClient(RD_KAFKA_PRODUCER, *MakeConf(KafkaConfig(), {}));
    mock_ = rd_kafka_mock_cluster_new(host_, 1);
    rd_kafka_mock_topic_create(mock_, "topic", 1, 1);
    config_.bootstrap_servers = rd_kafka_mock_cluster_bootstraps(mock_);
  }
  ~PartitionReaderTest() override {
    rd_kafka_mock_cluster_destroy(mock_);
    rd_kafka_destroy(host_);
  }

  absl::Status CreateAfter(const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(mock_, kListOffsets, errors.size(), errors.data());
    return PartitionReader::Create(config_, {{"topic", 0, StartPosition::kBeginning}}).status();
  }

  rd_kafka_t* host_;
  rd_kafka_mock_cluster_t* mock_;
  KafkaConfig config_;
};

// A broker knows of its new partitions a moment before it leads them.
TEST_F(PartitionReaderTest, WaitsForALeader) {
  const absl::Status created = CreateAfter(
      {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
       RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE});
  EXPECT_TRUE(created.ok()) << created;
}

TEST_F(PartitionReaderTest, DoesNotWaitForPermission) {
  const absl::Status created = CreateAfter(
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  EXPECT_EQ(created.code(), absl::StatusCode::kPermissionDenied) << created;
}

}  // namespace
}  // namespace windrow::kafka
