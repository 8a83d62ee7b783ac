// What the producer makes of a broker's errors and silence, against librdkafka's mock broker (which
// does not know what is visible: see group_clients_test.cc for that).
#include "services/platform/kafka/transactional_producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/group_metadata.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {
namespace {

using ::testing::HasSubstr;

constexpr char kTopic[] = "topic";
constexpr int kBroker = 1;

// Kafka's API keys.
constexpr int16_t kInitProducerId = 22;
constexpr int16_t kAddPartitionsToTxn = 24;
constexpr int16_t kAddOffsetsToTxn = 25;
constexpr int16_t kEndTxn = 26;
constexpr int16_t kTxnOffsetCommit = 28;

class TransactionalProducerTest : public testing::Test {
 protected:
  TransactionalProducerTest() {
    host_ = *NewClient(RD_KAFKA_PRODUCER, *MakeConf(KafkaConfig(), {}));
    mock_ = rd_kafka_mock_cluster_new(host_, 1);
    rd_kafka_mock_topic_create(mock_, kTopic, 2, 1);
    rd_kafka_mock_coordinator_set(mock_, "transaction", "id", kBroker);
    rd_kafka_mock_coordinator_set(mock_, "group", "group", kBroker);
    config_.bootstrap_servers = rd_kafka_mock_cluster_bootstraps(mock_);
  }
  ~TransactionalProducerTest() override {
    producer_.reset();
    rd_kafka_mock_cluster_destroy(mock_);
    rd_kafka_destroy(host_);
  }

  void Connect() {
    auto producer = TransactionalProducer::Create(config_, "id", absl::Seconds(10), kPatience);
    ASSERT_TRUE(producer.ok()) << producer.status();
    producer_ = *std::move(producer);
  }

  // The next requests of this kind are answered with these errors.
  void Fail(int16_t api_key, const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(mock_, api_key, errors.size(), errors.data());
  }

  // A whole transaction, up to the first step that fails.
  TransactionStep Transact(absl::Duration patience = kPatience) {
    const GroupMetadataHandle group = ClientGroupMetadata::OfNoMember("group");
    TransactionStep step = producer_->Begin();
    if (step.ok()) step = producer_->SendOffsets({{kTopic, 0, 5, "m"}}, *group, In(patience));
    delivered_ = -1;
    if (step.ok()) step = producer_->Produce(kTopic, 1, "k", "v", In(patience), &delivered_);
    if (step.ok()) step = producer_->Commit(In(patience));
    return step;
  }

  // A transaction of which nothing is left to do but its end.
  void BeginWithOffsets() {
    const GroupMetadataHandle group = ClientGroupMetadata::OfNoMember("group");
    ASSERT_TRUE(producer_->Begin().ok());
    ASSERT_TRUE(producer_->SendOffsets({{kTopic, 0, 5, "m"}}, *group, In(kPatience)).ok());
  }

  // The client looks for requests without an answer once a second.
  void AwaitTaint() {
    const absl::Time deadline = In(kPatience);
    while (!producer_->tainted() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_TRUE(producer_->tainted());
  }

  static absl::Time In(absl::Duration patience) { return absl::Now() + patience; }

  static constexpr absl::Duration kPatience = absl::Seconds(15);

  rd_kafka_t* host_;
  rd_kafka_mock_cluster_t* mock_;
  KafkaConfig config_;
  std::unique_ptr<TransactionalProducer> producer_;
  int64_t delivered_ = -1;
};

TEST_F(TransactionalProducerTest, Commits) {
  Connect();
  for (int i = 0; i < 3; ++i) {
    const TransactionStep step = Transact();
    ASSERT_TRUE(step.ok()) << step.message;
    EXPECT_GE(delivered_, i);
  }
  EXPECT_FALSE(producer_->tainted());
}

// What the log holds of a partition: key and value of each record, "-" for none.
std::vector<std::string> ReadAll(rd_kafka_t* consumer, int partition, size_t records) {
  std::vector<std::string> read;
  const TopicPartitionListHandle list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), kTopic, partition)->offset = 0;
  rd_kafka_assign(consumer, list.get());
  while (read.size() < records) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 15'000);
    if (message == nullptr) break;
    const auto text = [](const void* data, size_t size) {
      return data == nullptr ? "-" : std::string(static_cast<const char*>(data), size);
    };
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      read.push_back(text(message->key, message->key_len) + "=" +
                     text(message->payload, message->len));
    }
    rd_kafka_message_destroy(message);
  }
  return read;
}

// Many records, few of which go to the log by themselves.
TEST_F(TransactionalProducerTest, KeepsTheOrderOfEachPartition) {
  // More than wait at once, and a queue that is often full.
  constexpr int kRecords = 3'000;
  const std::string large(100'000, 'x');
  config_.properties["queue.buffering.max.messages"] = "700";
  Connect();
  ASSERT_TRUE(producer_->Begin().ok());
  std::vector<std::vector<std::string>> expected(2);
  std::vector<int64_t> delivered(kRecords, -1);
  for (int i = 0; i < kRecords; ++i) {
    const int partition = i / 1000 % 2;
    const std::string key = std::to_string(i);
    absl::string_view value = i % 500 == 0 ? absl::string_view(large) : absl::string_view(key);
    // Two kinds of nothing.
    if (i % 7 == 0) value = "";
    if (i % 11 == 0) value = absl::string_view();
    const TransactionStep step =
        producer_->Produce(kTopic, partition, key, value, In(kPatience), &delivered[i]);
    ASSERT_TRUE(step.ok()) << step.message;
    expected[partition].push_back(
        absl::StrCat(key, "=", value.data() == nullptr ? absl::string_view("-") : value));
  }
  ASSERT_TRUE(producer_->Flush(In(kPatience)).ok());
  std::vector<int64_t> next(2);
  for (int i = 0; i < kRecords; ++i) ASSERT_EQ(delivered[i], next[i / 1000 % 2]++) << i;

  KafkaConfig config = config_;
  config.properties.clear();
  rd_kafka_t* consumer = *NewClient(
      RD_KAFKA_CONSUMER,
      *MakeConf(config, {{"group.id", "readers"}, {"isolation.level", "read_uncommitted"}}));
  for (int partition = 0; partition < 2; ++partition) {
    EXPECT_EQ(ReadAll(consumer, partition, expected[partition].size()), expected[partition]);
  }
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
}

TEST_F(TransactionalProducerTest, SaysAtTheEndWhatWasRefused) {
  Connect();
  for (const bool at_flush : {false, true}) {
    ASSERT_TRUE(producer_->Begin().ok());
    constexpr int kNoSuchPartition = 9;
    ASSERT_TRUE(producer_->Produce(kTopic, 0, "k", "v", In(kPatience)).ok());
    ASSERT_TRUE(producer_->Flush(In(kPatience)).ok());
    TransactionStep step = producer_->Produce(kTopic, kNoSuchPartition, "k", "v", In(kPatience));
    if (step.ok())
      step = at_flush ? producer_->Flush(In(kPatience)) : producer_->Commit(In(kPatience));
    EXPECT_EQ(step.outcome, TransactionOutcome::kAbort) << step.message;
    EXPECT_THAT(step.message, HasSubstr("topic-9"));
    const TransactionStep aborted = producer_->Abort(In(kPatience));
    ASSERT_TRUE(aborted.ok()) << aborted.message;
  }
  const TransactionStep step = Transact();
  EXPECT_TRUE(step.ok()) << step.message;
}

TEST_F(TransactionalProducerTest, RetriesWhatMayBeRepeated) {
  Connect();
  Fail(kAddOffsetsToTxn,
       {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
  Fail(kAddPartitionsToTxn,
       {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS});
  Fail(kTxnOffsetCommit, {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
  Fail(kEndTxn, {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
  const TransactionStep step = Transact();
  EXPECT_TRUE(step.ok()) << step.message;
  EXPECT_FALSE(producer_->tainted()) << "an answer, whatever it says, leaves nothing under way";
}

struct ErrorCase {
  int16_t api_key;
  rd_kafka_resp_err_t error;
  TransactionOutcome outcome;
};

// Librdkafka decides which errors are fatal; this is what that means for us.
TEST_F(TransactionalProducerTest, SaysWhatIsToBeDone) {
  const std::vector<ErrorCase> cases = {
      // Who was thrown out of the group must not commit.
      {kTxnOffsetCommit, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, TransactionOutcome::kAbort},
      {kTxnOffsetCommit, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, TransactionOutcome::kAbort},
      {kTxnOffsetCommit, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, TransactionOutcome::kAbort},
      {kAddPartitionsToTxn, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
       TransactionOutcome::kAbort},
      // Somebody else has the id.
      {kAddOffsetsToTxn, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, TransactionOutcome::kFenced},
      {kAddPartitionsToTxn, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, TransactionOutcome::kFenced},
      {kEndTxn, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, TransactionOutcome::kFenced},
      {kEndTxn, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, TransactionOutcome::kFenced},
      // The state is not known, or nothing can be done with this producer.
      {kEndTxn, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, TransactionOutcome::kReplace},
      {kAddOffsetsToTxn, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, TransactionOutcome::kReplace},
      {kEndTxn, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
       TransactionOutcome::kReplace},
      {kAddOffsetsToTxn, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
       TransactionOutcome::kReplace},
  };
  for (const ErrorCase& c : cases) {
    SCOPED_TRACE(std::to_string(c.api_key) + " " + rd_kafka_err2name(c.error));
    rd_kafka_mock_clear_request_errors(mock_, c.api_key);
    Connect();
    Fail(c.api_key, {c.error});
    const TransactionStep step = Transact();
    EXPECT_EQ(step.outcome, c.outcome) << step.message;
    EXPECT_NE(step.message, "");
    rd_kafka_mock_clear_request_errors(mock_, c.api_key);
    if (step.outcome != TransactionOutcome::kAbort) continue;
    // The same producer goes on.
    const TransactionStep aborted = producer_->Abort(In(kPatience));
    ASSERT_TRUE(aborted.ok()) << aborted.message;
    const TransactionStep again = Transact();
    EXPECT_TRUE(again.ok()) << again.message;
  }
}

// The delayed copy of a request to end a transaction could end the next one.
TEST_F(TransactionalProducerTest, ARequestWithoutAnAnswerTaints) {
  config_.properties["socket.timeout.ms"] = "500";
  Connect();
  BeginWithOffsets();
  rd_kafka_mock_broker_set_rtt(mock_, kBroker, 2000);
  const TransactionStep slow = producer_->Commit(In(absl::Milliseconds(1200)));
  EXPECT_EQ(slow.outcome, TransactionOutcome::kReplace) << slow.message;
  AwaitTaint();
  // Taking the id over starts afresh.
  rd_kafka_mock_broker_set_rtt(mock_, kBroker, 0);
  Connect();
  EXPECT_FALSE(producer_->tainted());
  const TransactionStep step = Transact();
  EXPECT_TRUE(step.ok()) << step.message;
}

TEST_F(TransactionalProducerTest, ALostConnectionTaints) {
  Connect();
  BeginWithOffsets();
  EXPECT_FALSE(producer_->tainted());
  rd_kafka_mock_broker_set_rtt(mock_, kBroker, 2000);
  const TransactionStep step = producer_->Commit(In(absl::Milliseconds(300)));
  EXPECT_EQ(step.outcome, TransactionOutcome::kReplace) << step.message;
  EXPECT_FALSE(producer_->tainted());
  // Breaks before there is an answer.
  rd_kafka_mock_broker_set_down(mock_, kBroker);
  AwaitTaint();
}

TEST_F(TransactionalProducerTest, KeepsItsDeadlines) {
  Connect();
  rd_kafka_mock_broker_set_down(mock_, kBroker);
  const absl::Time start = absl::Now();
  const absl::Duration patience = absl::Milliseconds(700);
  const TransactionStep step = Transact(patience);
  EXPECT_EQ(step.outcome, TransactionOutcome::kReplace) << step.message;
  EXPECT_LT(absl::Now() - start, absl::Seconds(4));
  const auto other = TransactionalProducer::Create(config_, "id", absl::Seconds(10), patience);
  EXPECT_FALSE(other.ok());
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("id"));
  producer_.reset();
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
}

TEST_F(TransactionalProducerTest, AQueueThatStaysFullIsGivenUp) {
  config_.properties["queue.buffering.max.messages"] = "10";
  Connect();
  ASSERT_TRUE(producer_->Begin().ok());
  rd_kafka_mock_broker_set_down(mock_, kBroker);
  TransactionStep step;
  TransactionStep with_headers;
  const absl::Time start = absl::Now();
  for (int i = 0; i < 20 && step.ok(); ++i) {
    step = producer_->Produce(kTopic, 1, "k", "v", In(absl::Milliseconds(300)));
  }
  if (step.ok()) step = producer_->Flush(In(absl::Milliseconds(300)));
  EXPECT_EQ(step.outcome, TransactionOutcome::kAbort) << step.message;
  with_headers =
      producer_->ProduceWithHeaders(kTopic, 1, "k", "v", {{"a", "b"}}, In(absl::Milliseconds(300)));
  EXPECT_EQ(with_headers.outcome, TransactionOutcome::kAbort) << with_headers.message;
  EXPECT_LT(absl::Now() - start, absl::Seconds(4));
}

TEST_F(TransactionalProducerTest, SaysWhyAnIdCannotBeTaken) {
  Fail(kInitProducerId, {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED});
  const auto producer = TransactionalProducer::Create(config_, "id", absl::Seconds(10), kPatience);
  EXPECT_EQ(producer.status().code(), absl::StatusCode::kPermissionDenied) << producer.status();
}

}  // namespace
}  // namespace windrow::kafka
