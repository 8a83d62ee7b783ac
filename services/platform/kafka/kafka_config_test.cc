#include "services/platform/kafka/kafka_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace windrow::kafka {
namespace {

using ::testing::HasSubstr;

std::string Property(const rd_kafka_conf_t* conf, const char* name) {
  char value[512];
  size_t size = sizeof(value);
  EXPECT_EQ(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK) << name;
  return value;
}

TEST(MakeConfTest, LaterValuesWin) {
  KafkaConfig config;
  config.bootstrap_servers = "broker:1";
  config.client_id = "tester-00";
  config.properties = {{"linger.ms", "7"}, {"socket.keepalive.enable", "false"}};
  const absl::StatusOr<ConfHandle> conf =
      MakeConf(config, {{"linger.ms", "5"}, {"enable.idempotence", "true"}});
  ASSERT_TRUE(conf.ok()) << conf.status();
  EXPECT_EQ(Property(conf->get(), "bootstrap.servers"), "broker:1");
  EXPECT_EQ(Property(conf->get(), "client.id"), "tester-00");
  EXPECT_EQ(Property(conf->get(), "enable.idempotence"), "true");
  EXPECT_EQ(Property(conf->get(), "linger.ms"), "7") << "the user's value beats the default";
  EXPECT_EQ(Property(conf->get(), "socket.keepalive.enable"), "false");
}

TEST(MakeConfTest, NamesAnUnknownProperty) {
  KafkaConfig config;
  config.properties = {{"lingering.ms", "7"}};
  const absl::Status status = MakeConf(config, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("'lingering.ms'"));
}

TEST(MakeConfTest, NamesAPropertyWithAWrongValue) {
  KafkaConfig config;
  config.properties = {{"linger.ms", "soon"}};
  const absl::Status status = MakeConf(config, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("'linger.ms'"));
}

TEST(LibraryTest, IsTheOneThatIsBuiltHere) {
  // Not the system's: its header would fit as well.
  EXPECT_EQ(rd_kafka_version(), RD_KAFKA_VERSION);
  // SCRAM works with Kafka 4 since 2.6.1.
  EXPECT_GE(rd_kafka_version(), 0x020601ff);
  const absl::StatusOr<ConfHandle> conf = MakeConf({}, {});
  ASSERT_TRUE(conf.ok()) << conf.status();
  EXPECT_EQ(Property(conf->get(), "builtin.features"),
            "gzip,snappy,ssl,sasl,regex,lz4,sasl_gssapi,sasl_plain,sasl_scram,plugins,zstd,"
            "sasl_oauthbearer");
}

TEST(NewClientTest, RefusesPropertiesThatContradict) {
  KafkaConfig config;
  config.properties = {{"enable.idempotence", "true"}, {"acks", "1"}};
  absl::StatusOr<ConfHandle> conf = MakeConf(config, {});
  ASSERT_TRUE(conf.ok()) << conf.status();
  const absl::StatusOr<rd_kafka_t*> client = NewClient(RD_KAFKA_PRODUCER, *std::move(conf));
  EXPECT_EQ(client.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(client.status().message()), HasSubstr("acks"));
}

TEST(NewClientTest, LogsThroughTheStructuredLog) {
  testing::internal::CaptureStderr();
  KafkaConfig config;
  // A consumer's property is useless to a producer, which librdkafka says in its log.
  config.properties = {{"fetch.min.bytes", "2"}, {"bootstrap.servers", ""}};
  absl::StatusOr<ConfHandle> conf = MakeConf(config, {});
  ASSERT_TRUE(conf.ok()) << conf.status();
  const absl::StatusOr<rd_kafka_t*> client = NewClient(RD_KAFKA_PRODUCER, *std::move(conf));
  ASSERT_TRUE(client.ok()) << client.status();
  rd_kafka_destroy(*client);
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_THAT(line, HasSubstr("\"event\":\"kafka client\""));
  EXPECT_THAT(line, HasSubstr("fetch.min.bytes"));
}

TEST(KafkaErrorTest, SortsErrorsByWhatACallerCanDo) {
  EXPECT_EQ(KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "produce to calls"),
            absl::NotFoundError("produce to calls: Broker: Unknown topic or partition"));
  EXPECT_TRUE(KafkaError(RD_KAFKA_RESP_ERR_NO_ERROR, "nothing").ok());
  EXPECT_EQ(KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "x").code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(KafkaError(RD_KAFKA_RESP_ERR__TRANSPORT, "x").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(KafkaError(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, "x").code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(KafkaError(RD_KAFKA_RESP_ERR__LOG_TRUNCATION, "x").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(KafkaError(RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD, "x").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID, "x").code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(KafkaError(RD_KAFKA_RESP_ERR_PRODUCER_FENCED, "x").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN, "x").code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace windrow::kafka
