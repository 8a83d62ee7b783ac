// Against librdkafka's mock broker, which can be told to fail.
#include "services/platform/kafka/log_offsets.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include <vector>

#include "absl/time/clock.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {
namespace {

constexpr int16_t kListOffsets = 2;
constexpr int kRecords = 5;

class LogOffsetsTest : public testing::Test {
 protected:
  LogOffsetsTest() {
    host_ = *NewClient(RD_KAFKA_PRODUCER, *MakeConf(KafkaConfig(), {}));
    mock_ = rd_kafka_mock_cluster_new(host_, 1);
    rd_kafka_mock_topic_create(mock_, "topic", 2, 1);
    KafkaConfig config;
    config.bootstrap_servers = rd_kafka_mock_cluster_bootstraps(mock_);
    client_ = *NewClient(RD_KAFKA_PRODUCER, *MakeConf(config, {}));
    for (int i = 0; i < kRecords; ++i) {
      char value[] = "v";
      EXPECT_EQ(rd_kafka_producev(client_, RD_KAFKA_V_TOPIC("topic"), RD_KAFKA_V_PARTITION(1),
                                  RD_KAFKA_V_VALUE(value, 1),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    EXPECT_EQ(rd_kafka_flush(client_, 20000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  ~LogOffsetsTest() override {
    rd_kafka_destroy(client_);
    rd_kafka_mock_cluster_destroy(mock_);
    rd_kafka_destroy(host_);
  }

  // The next questions are answered with these errors.
  void Fail(const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(mock_, kListOffsets, errors.size(), errors.data());
  }

  static absl::Time In(absl::Duration patience) { return absl::Now() + patience; }
  absl::StatusOr<std::pair<int64_t, int64_t>> Query(int partition = 1) {
    return QueryLogOffsets(client_, "topic", partition, In(absl::Seconds(20)));
  }

  rd_kafka_t* host_;
  rd_kafka_mock_cluster_t* mock_;
  rd_kafka_t* client_;
};

TEST_F(LogOffsetsTest, FindsBothEnds) {
  EXPECT_EQ(Query(1).value(), std::make_pair(int64_t{0}, int64_t{kRecords}));
  EXPECT_EQ(Query(0).value(), std::make_pair(int64_t{0}, int64_t{0}));
  EXPECT_EQ(QueryLogBegin(client_, "topic", 1, In(absl::Seconds(20))).value(), 0);
  EXPECT_EQ(QueryLogEnd(client_, "topic", 1, In(absl::Seconds(20))).value(), kRecords);
}

// A log that seems to be empty, or at its beginning, would lose records or close windows too early.
TEST_F(LogOffsetsTest, PassingTroubleIsNoEmptyLog) {
  const auto whole = std::make_pair(int64_t{0}, int64_t{kRecords});
  for (const rd_kafka_resp_err_t error :
       {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR}) {
    for (int round = 0; round < 5; ++round) {
      Fail({error});
      EXPECT_EQ(Query().value(), whole) << rd_kafka_err2name(error);
      Fail({RD_KAFKA_RESP_ERR_NO_ERROR, error});
      EXPECT_EQ(Query().value(), whole) << rd_kafka_err2name(error);
      Fail({error, error, error});
      EXPECT_EQ(Query().value(), whole) << rd_kafka_err2name(error);
    }
  }
}

TEST_F(LogOffsetsTest, WhatNoWaitingCuresIsAnError) {
  Fail({RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  EXPECT_EQ(Query().status().code(), absl::StatusCode::kPermissionDenied);
  Fail({RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  EXPECT_EQ(Query().status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(LogOffsetsTest, GivesUpInTime) {
  Fail(std::vector<rd_kafka_resp_err_t>(1000, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE));
  const absl::Time start = absl::Now();
  const absl::StatusOr<int64_t> end = QueryLogEnd(client_, "topic", 1, In(absl::Milliseconds(300)));
  EXPECT_FALSE(end.ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

}  // namespace
}  // namespace windrow::kafka
