// The Kafka clients against a real broker, named by WINDROW_TEST_KAFKA (HOST:PORT).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/group_admin.h"
#include "services/platform/kafka/group_offsets.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/record_producer.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/kafka/topic_scan.h"

namespace windrow::kafka {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr absl::Duration kPatience = absl::Seconds(20);

struct Record {
  int partition = 0;
  int64_t offset = 0;
  std::string key;
  std::string value;
};

// A producer of transactions, straight from librdkafka.
class Transactions {
 public:
  Transactions(const KafkaConfig& config, const std::string& id) {
    absl::StatusOr<ConfHandle> conf = MakeConf(config, {{"transactional.id", id}});
    EXPECT_TRUE(conf.ok()) << conf.status();
    client_ = *NewClient(RD_KAFKA_PRODUCER, *std::move(conf));
    Check(rd_kafka_init_transactions(client_, 20000));
  }
  ~Transactions() { rd_kafka_destroy(client_); }
  Transactions(const Transactions&) = delete;
  Transactions& operator=(const Transactions&) = delete;

  void Begin() { Check(rd_kafka_begin_transaction(client_)); }
  void Write(const std::string& topic, const std::string& value) {
    EXPECT_EQ(rd_kafka_producev(client_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(0),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    EXPECT_EQ(rd_kafka_flush(client_, 20000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void Commit() { Check(rd_kafka_commit_transaction(client_, 20000)); }
  void Abort() { Check(rd_kafka_abort_transaction(client_, 20000)); }

 private:
  static void Check(rd_kafka_error_t* error) {
    const ErrorHandle owned(error);
    EXPECT_EQ(error, nullptr) << rd_kafka_error_string(error);
  }

  rd_kafka_t* client_;
};

class KafkaClientsTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const broker = std::getenv("WINDROW_TEST_KAFKA");
    ASSERT_NE(broker, nullptr) << "WINDROW_TEST_KAFKA=HOST:PORT must name a broker";
    config_.bootstrap_servers = broker;
    config_.client_id = "kafka_clients_test";
    // Unknown topics are known to be unknown at once.
    config_.properties = {{"topic.metadata.propagation.max.ms", "100"}};
    absl::StatusOr<std::unique_ptr<TopicAdmin>> admin = TopicAdmin::Create(config_);
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
    // Of this run and test only: the broker may have been used before.
    topic_ = absl::StrCat("test.", testing::UnitTest::GetInstance()->current_test_info()->name(),
                          ".", absl::ToUnixMicros(absl::Now()));
  }

  void MakeTopic(int partitions, std::map<std::string, std::string> settings = {}) {
    const absl::Status made =
        admin_->EnsureTopics({{topic_, partitions, std::move(settings)}}, kPatience);
    ASSERT_TRUE(made.ok()) << made;
  }

  std::unique_ptr<RecordProducer> MakeProducer() { return *RecordProducer::Create(config_); }

  void Write(int partition, const std::vector<std::string>& values) {
    const std::unique_ptr<RecordProducer> producer = MakeProducer();
    for (const std::string& value : values) {
      const absl::Status sent = producer->Send(topic_, partition, "k", value, kPatience);
      ASSERT_TRUE(sent.ok()) << sent;
    }
    const absl::Status flushed = producer->Flush(kPatience);
    ASSERT_TRUE(flushed.ok()) << flushed;
  }

  absl::StatusOr<std::unique_ptr<PartitionReader>> Reader(const std::vector<int64_t>& offsets) {
    std::vector<StartPosition> starts;
    for (size_t i = 0; i < offsets.size(); ++i) {
      starts.push_back({topic_, static_cast<int>(i), offsets[i]});
    }
    return PartitionReader::Create(config_, starts);
  }

  // Reads until the end of what is committed.
  static absl::StatusOr<std::vector<Record>> ReadToEnd(PartitionReader& reader,
                                                       int max_records = 100) {
    std::vector<Record> records;
    const absl::Time deadline = absl::Now() + kPatience;
    do {
      const absl::StatusOr<int> read =
          reader.Read(max_records, absl::Milliseconds(100), [&](const RecordView& record) {
            records.push_back({record.partition, record.offset, std::string(record.key),
                               std::string(record.value)});
          });
      if (!read.ok()) return read.status();
      EXPECT_LE(*read, max_records);
    } while (!reader.at_end() && absl::Now() < deadline);
    EXPECT_TRUE(reader.at_end()) << "not at the end in time";
    return records;
  }

  // Reads until partition 0 is at `position`: the end of what is committed moves a little after the
  // answer to a commit.
  static std::vector<std::string> ReadToPosition(PartitionReader& reader, int64_t position) {
    std::vector<std::string> values;
    const absl::Time deadline = absl::Now() + kPatience;
    while (reader.positions()[0] < position && absl::Now() < deadline) {
      const absl::StatusOr<int> read =
          reader.Read(1, absl::Milliseconds(100),
                      [&](const RecordView& record) { values.emplace_back(record.value); });
      EXPECT_TRUE(read.ok()) << read.status();
    }
    EXPECT_EQ(reader.positions()[0], position);
    return values;
  }

  static std::vector<std::string> Values(const std::vector<Record>& records) {
    std::vector<std::string> values;
    for (const Record& record : records) values.push_back(record.value);
    return values;
  }

  KafkaConfig config_;
  std::unique_ptr<TopicAdmin> admin_;
  std::string topic_;
};

using TopicAdminTest = KafkaClientsTest;
using RecordProducerTest = KafkaClientsTest;
using TopicScanTest = KafkaClientsTest;
using PartitionReaderTest = KafkaClientsTest;
using GroupAdminTest = KafkaClientsTest;

TEST_F(TopicAdminTest, EnsuresTopicsOnceAndAgain) {
  const std::vector<TopicSpec> specs = {{topic_, 3, {{"cleanup.policy", "compact,delete"}}},
                                        {topic_ + ".b", 1, {}}};
  for (int i = 0; i < 2; ++i) {
    const absl::Status ensured = admin_->EnsureTopics(specs, kPatience);
    ASSERT_TRUE(ensured.ok()) << ensured;
  }
  const absl::StatusOr<TopicDescription> description = admin_->DescribeTopic(topic_, kPatience);
  ASSERT_TRUE(description.ok()) << description.status();
  EXPECT_EQ(description->partitions, 3);
  // Usable at once.
  EXPECT_TRUE(MakeProducer()->SendAndWait(topic_, 2, "k", "v", kPatience).ok());
}

TEST_F(TopicAdminTest, RefusesAnotherNumberOfPartitions) {
  MakeTopic(2);
  const absl::Status status = admin_->EnsureTopics({{topic_, 3, {}}}, kPatience);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(topic_), HasSubstr("2"), HasSubstr("3")));
}

TEST_F(TopicAdminTest, NamesAWrongSetting) {
  const absl::Status status =
      admin_->EnsureTopics({{topic_, 1, {{"cleanup.policy", "sometimes"}}}}, kPatience);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(topic_), HasSubstr("cleanup.policy")));
}

TEST_F(TopicAdminTest, ListsTopicsButInternalOnes) {
  MakeTopic(2);
  // Makes the broker create its topic of transactions.
  Transactions(config_, topic_);
  const absl::StatusOr<std::vector<TopicDescription>> topics = admin_->ListTopics(kPatience);
  ASSERT_TRUE(topics.ok()) << topics.status();
  EXPECT_THAT(*topics, Contains(AllOf(Field(&TopicDescription::name, topic_),
                                      Field(&TopicDescription::partitions, 2))));
  EXPECT_THAT(*topics, Each(Field(&TopicDescription::name, Not(StartsWith("__")))));
}

TEST_F(TopicAdminTest, SaysWhatDoesNotExist) {
  EXPECT_EQ(admin_->DescribeTopic(topic_, kPatience).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(admin_->QueryOffsets(topic_, 0, kPatience).status().code(),
            absl::StatusCode::kNotFound);
  MakeTopic(1);
  EXPECT_EQ(admin_->QueryOffsets(topic_, 1, kPatience).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(TopicAdminTest, QueriesTheHighWatermarkAndNotTheLastStableOffset) {
  MakeTopic(1);
  Write(0, {"a", "b"});
  Transactions transactions(config_, topic_);
  transactions.Begin();
  transactions.Write(topic_, "open");
  const absl::StatusOr<OffsetRange> range = admin_->QueryOffsets(topic_, 0, kPatience);
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(range->begin, 0);
  EXPECT_EQ(range->end, 3);
  transactions.Commit();
  // The control record comes after the answer to the commit.
  const absl::Time deadline = absl::Now() + kPatience;
  while (admin_->QueryOffsets(topic_, 0, kPatience)->end < 4 && absl::Now() < deadline) {
  }
  EXPECT_EQ(admin_->QueryOffsets(topic_, 0, kPatience)->end, 4);
}

TEST_F(TopicAdminTest, DeletesRecords) {
  MakeTopic(2);
  Write(1, {"a", "b", "c"});
  const absl::Status deleted = admin_->DeleteRecordsBefore(topic_, 1, 2, kPatience);
  ASSERT_TRUE(deleted.ok()) << deleted;
  const absl::StatusOr<OffsetRange> range = admin_->QueryOffsets(topic_, 1, kPatience);
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(range->begin, 2);
  EXPECT_EQ(range->end, 3);
  EXPECT_EQ(admin_->DeleteRecordsBefore(topic_, 1, 9, kPatience).code(),
            absl::StatusCode::kDataLoss)
      << "beyond the end";
}

TEST_F(TopicAdminTest, GivesUpInTimeWhenNobodyAnswers) {
  config_.bootstrap_servers = "127.0.0.1:1";
  const std::unique_ptr<TopicAdmin> admin = *TopicAdmin::Create(config_);
  const absl::Time start = absl::Now();
  const absl::Duration timeout = absl::Milliseconds(300);
  EXPECT_EQ(admin->EnsureTopics({{topic_, 1, {}}}, timeout).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_FALSE(admin->ListTopics(timeout).ok());
  EXPECT_FALSE(admin->QueryOffsets(topic_, 0, timeout).ok());
  EXPECT_FALSE(admin->DeleteRecordsBefore(topic_, 0, 1, timeout).ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
}

TEST_F(GroupAdminTest, TellsOffsetsAndLag) {
  MakeTopic(2);
  Write(0, {"a", "b", "c"});
  Write(1, {"d"});
  const std::string group = topic_ + ".group";
  const auto offsets = *GroupOffsets::Open(config_, group);
  ASSERT_TRUE(offsets->Write({{topic_, 0, 1, ""}}).ok());

  const std::unique_ptr<GroupAdmin> groups = *GroupAdmin::Create(config_);
  const absl::StatusOr<GroupDescription> described = groups->Describe(group, kPatience);
  ASSERT_TRUE(described.ok()) << described.status();
  EXPECT_EQ(described->state, "Empty");
  EXPECT_THAT(described->members, IsEmpty());
  ASSERT_THAT(described->partitions, SizeIs(1));
  EXPECT_EQ(described->partitions[0].topic, topic_);
  EXPECT_EQ(described->partitions[0].committed, 1);
  EXPECT_EQ(described->partitions[0].end, 3);
  EXPECT_EQ(described->partitions[0].lag, 2);
  EXPECT_FALSE(described->partitions[0].member.has_value());
  const auto listed = groups->List(kPatience);
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(*listed, Contains(Field(&GroupListing::name, group)));
}

TEST_F(GroupAdminTest, SaysWhatDoesNotExist) {
  const std::unique_ptr<GroupAdmin> groups = *GroupAdmin::Create(config_);
  EXPECT_EQ(groups->Describe(topic_, kPatience).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TopicScanTest, SeesAllThatIsCommittedInAnyPartition) {
  MakeTopic(2);
  Write(0, {"a", "b"});
  Transactions transactions(config_, topic_);
  transactions.Begin();
  transactions.Write(topic_, "aborted");
  transactions.Abort();
  Write(1, {"c"});
  std::multimap<int, std::string> seen;
  const absl::Status scanned =
      ScanTopic(config_, topic_, kPatience, [&seen](const RecordView& record) {
        seen.emplace(record.partition, std::string(record.value));
      });
  ASSERT_TRUE(scanned.ok()) << scanned;
  EXPECT_THAT(seen, ElementsAre(Pair(0, "a"), Pair(0, "b"), Pair(1, "c")));
}

TEST_F(TopicScanTest, SaysWhatDoesNotExist) {
  EXPECT_EQ(ScanTopic(config_, topic_, kPatience, [](const RecordView&) {}).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(RecordProducerTest, KeepsOrderAndCounts) {
  MakeTopic(1);
  constexpr int kRecords = 20000;
  const std::unique_ptr<RecordProducer> producer = MakeProducer();
  for (int i = 0; i < kRecords; ++i) {
    ASSERT_TRUE(producer->Send(topic_, 0, "key", absl::StrCat(i), kPatience).ok());
  }
  const absl::Status flushed = producer->Flush(kPatience);
  ASSERT_TRUE(flushed.ok()) << flushed;
  EXPECT_EQ(producer->records_acknowledged(), kRecords);
  EXPECT_EQ(producer->bytes_acknowledged(), kRecords * 3 + 10 + 180 + 2700 + 36000 + 50000);

  const std::unique_ptr<PartitionReader> reader = *Reader({StartPosition::kBeginning});
  const absl::StatusOr<std::vector<Record>> records = ReadToEnd(*reader);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_THAT(*records, SizeIs(kRecords));
  for (int i = 0; i < kRecords; ++i) {
    ASSERT_EQ((*records)[i].value, absl::StrCat(i));
    ASSERT_EQ((*records)[i].offset, i);
  }
}

TEST_F(RecordProducerTest, ReturnsTheOffset) {
  MakeTopic(2);
  const std::unique_ptr<RecordProducer> producer = MakeProducer();
  for (int64_t offset = 0; offset < 3; ++offset) {
    const absl::StatusOr<int64_t> sent = producer->SendAndWait(topic_, 1, "k", "v", kPatience);
    ASSERT_TRUE(sent.ok()) << sent.status();
    EXPECT_EQ(*sent, offset);
  }
}

// librdkafka looks for the topics that it does not know once a second.
TEST_F(RecordProducerTest, TheFirstRecordNeedNotWait) {
  ASSERT_TRUE(admin_->EnsureTopics({{topic_, 1, {}}}, kPatience).ok());
  const auto sent = MakeProducer()->SendAndWait(topic_, 0, "k", "v", absl::Milliseconds(800));
  EXPECT_TRUE(sent.ok()) << sent.status();
}

TEST_F(RecordProducerTest, TellsNullFromEmpty) {
  MakeTopic(1);
  const std::unique_ptr<RecordProducer> producer = MakeProducer();
  ASSERT_TRUE(producer->SendAndWait(topic_, 0, "", absl::string_view(), kPatience).ok());
  ASSERT_TRUE(producer->SendAndWait(topic_, 0, absl::string_view(), "", kPatience).ok());
  const std::unique_ptr<PartitionReader> reader = *Reader({StartPosition::kBeginning});
  std::vector<std::pair<bool, bool>> has_key_and_value;
  const absl::Time deadline = absl::Now() + kPatience;
  while (!reader->at_end() && absl::Now() < deadline) {
    const absl::StatusOr<int> read =
        reader->Read(10, absl::Milliseconds(100), [&](const RecordView& record) {
          EXPECT_EQ(record.key, "");
          EXPECT_EQ(record.value, "");
          EXPECT_LT(absl::Now() - absl::FromUnixMillis(record.timestamp_ms), absl::Minutes(5));
          has_key_and_value.emplace_back(record.has_key, record.has_value);
        });
    ASSERT_TRUE(read.ok()) << read.status();
  }
  EXPECT_THAT(has_key_and_value, ElementsAre(std::pair(true, false), std::pair(false, true)));
}

TEST_F(RecordProducerTest, RefusesWhatIsTooBigAndGoesOn) {
  MakeTopic(1);
  const std::unique_ptr<RecordProducer> producer = MakeProducer();
  const std::string huge(2 << 20, 'x');
  EXPECT_EQ(producer->Send(topic_, 0, "k", huge, kPatience).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(producer->Send(topic_, 0, "k", "v", kPatience).ok());
  EXPECT_TRUE(producer->Flush(kPatience).ok());
}

TEST_F(RecordProducerTest, RemembersAFailedDelivery) {
  const std::unique_ptr<RecordProducer> producer = MakeProducer();
  // There is no such topic, which is found out later.
  ASSERT_TRUE(producer->Send(topic_, 0, "k", "v", kPatience).ok());
  EXPECT_EQ(producer->Flush(kPatience).code(), absl::StatusCode::kNotFound);
  MakeTopic(1);
  EXPECT_EQ(producer->Send(topic_, 0, "k", "v", kPatience).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(producer->records_acknowledged(), 0);
}

TEST_F(RecordProducerTest, NamesTheRecordThatWasNotDelivered) {
  MakeTopic(1, {{"max.message.bytes", "2000"}});
  const std::unique_ptr<RecordProducer> producer = MakeProducer();
  ASSERT_TRUE(producer->Send(topic_, 0, "k", "v", kPatience, 1).ok());
  ASSERT_TRUE(producer->Flush(kPatience).ok());
  EXPECT_EQ(producer->failed_mark(), -1);
  const std::string large(5000, 'x');
  ASSERT_TRUE(producer->Send(topic_, 0, "k", large, kPatience, 2).ok());
  EXPECT_EQ(producer->Flush(kPatience).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(producer->failed_mark(), 2);
  EXPECT_EQ(producer->records_acknowledged(), 1);
}

TEST_F(RecordProducerTest, AFailureOfAWaitedRecordIsItsOwn) {
  const std::unique_ptr<RecordProducer> producer = MakeProducer();
  EXPECT_EQ(producer->SendAndWait(topic_, 0, "k", "v", kPatience).status().code(),
            absl::StatusCode::kNotFound);
  MakeTopic(1);
  EXPECT_TRUE(producer->Flush(kPatience).ok());
}

TEST_F(RecordProducerTest, WaitsNoLongerThanAskedWhenNobodyAnswers) {
  config_.bootstrap_servers = "127.0.0.1:1";
  config_.properties["queue.buffering.max.messages"] = "10";
  const absl::Time start = absl::Now();
  std::unique_ptr<RecordProducer> producer = MakeProducer();
  const absl::Duration timeout = absl::Milliseconds(200);
  EXPECT_EQ(producer->SendAndWait(topic_, 0, "k", "v", timeout).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  absl::Status full;
  for (int i = 0; i < 10 && full.ok(); ++i) full = producer->Send(topic_, 0, "k", "v", timeout);
  EXPECT_EQ(full.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(full.message()), HasSubstr("full"));
  EXPECT_EQ(producer->Flush(timeout).code(), absl::StatusCode::kDeadlineExceeded);
  producer.reset();
  EXPECT_LT(absl::Now() - start, absl::Seconds(9)) << "5 s of which are the last flush";
}

TEST_F(PartitionReaderTest, ReadsFromNamedOffsets) {
  MakeTopic(3);
  Write(0, {"a0", "a1", "a2"});
  Write(1, {"b0", "b1"});
  const std::unique_ptr<PartitionReader> reader = *Reader({1, StartPosition::kBeginning, 0});
  EXPECT_THAT(reader->positions(), ElementsAre(1, 0, 0));
  EXPECT_FALSE(reader->at_end());
  const absl::StatusOr<std::vector<Record>> records = ReadToEnd(*reader);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_THAT(*records, SizeIs(4));
  EXPECT_THAT(Values(*records), testing::UnorderedElementsAre("a1", "a2", "b0", "b1"));
  EXPECT_THAT(reader->positions(), ElementsAre(3, 2, 0));
}

TEST_F(PartitionReaderTest, TakesNoMoreThanAsked) {
  MakeTopic(1);
  Write(0, std::vector<std::string>(25, "v"));
  const std::unique_ptr<PartitionReader> reader = *Reader({0});
  const absl::StatusOr<std::vector<Record>> records = ReadToEnd(*reader, 10);
  ASSERT_TRUE(records.ok()) << records.status();
  EXPECT_THAT(*records, SizeIs(25));
}

TEST_F(PartitionReaderTest, GoesOnAfterTheEnd) {
  MakeTopic(1);
  Write(0, {"a"});
  const std::unique_ptr<PartitionReader> reader = *Reader({StartPosition::kEnd});
  EXPECT_THAT(reader->positions(), ElementsAre(1));
  EXPECT_THAT(Values(*ReadToEnd(*reader)), IsEmpty());
  Write(0, {"b"});
  // One at a time: with a record the end is left, and reached again behind it.
  std::vector<std::string> values;
  const absl::Time deadline = absl::Now() + kPatience;
  while (values.empty() && absl::Now() < deadline) {
    const absl::StatusOr<int> read =
        reader->Read(1, absl::Milliseconds(100), [&](const RecordView& record) {
          values.emplace_back(record.value);
          EXPECT_EQ(reader->positions()[0], record.offset + 1);
          EXPECT_FALSE(reader->at_end());
        });
    ASSERT_TRUE(read.ok()) << read.status();
  }
  EXPECT_THAT(values, ElementsAre("b"));
  EXPECT_THAT(Values(*ReadToEnd(*reader)), IsEmpty());
  EXPECT_THAT(reader->positions(), ElementsAre(2));
}

TEST_F(PartitionReaderTest, SeesCommittedTransactionsOnly) {
  MakeTopic(1);
  Transactions transactions(config_, topic_);
  transactions.Begin();
  transactions.Write(topic_, "aborted");
  transactions.Abort();
  transactions.Begin();
  transactions.Write(topic_, "committed");
  transactions.Commit();
  const std::unique_ptr<PartitionReader> reader = *Reader({0});
  // Two records and their control records.
  EXPECT_THAT(ReadToPosition(*reader, 4), ElementsAre("committed"));

  transactions.Begin();
  transactions.Write(topic_, "open");
  Write(0, {"behind it"});
  EXPECT_THAT(*reader->Read(10, absl::Milliseconds(300), [](const RecordView&) {}), 0);
  EXPECT_TRUE(reader->at_end());
  EXPECT_THAT(reader->positions(), ElementsAre(4));
  EXPECT_THAT((*Reader({StartPosition::kEnd}))->positions(), ElementsAre(4))
      << "the end is that of what is committed";

  transactions.Commit();
  EXPECT_THAT(ReadToPosition(*reader, 7), ElementsAre("open", "behind it"));
}

TEST_F(PartitionReaderTest, PassesAbortedTransactionsAtTheEnd) {
  MakeTopic(1);
  Write(0, {"a"});
  const std::unique_ptr<PartitionReader> reader = *Reader({0});
  EXPECT_THAT(Values(*ReadToEnd(*reader)), ElementsAre("a"));
  Transactions transactions(config_, topic_);
  transactions.Begin();
  transactions.Write(topic_, "aborted");
  transactions.Abort();
  EXPECT_THAT(ReadToPosition(*reader, 3), IsEmpty());
}

TEST_F(PartitionReaderTest, ReportsALostPosition) {
  MakeTopic(1);
  Write(0, {"a", "b", "c"});
  ASSERT_TRUE(admin_->DeleteRecordsBefore(topic_, 0, 2, kPatience).ok());
  const std::unique_ptr<PartitionReader> reader = *Reader({1});
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<std::vector<Record>> records = ReadToEnd(*reader);
    ASSERT_EQ(records.status().code(), absl::StatusCode::kDataLoss) << "also the second time";
    EXPECT_THAT(std::string(records.status().message()),
                AllOf(HasSubstr(topic_), HasSubstr("partition 0"), HasSubstr("offset 1 "),
                      HasSubstr("[2, 3)")));
  }
  EXPECT_THAT(Values(*ReadToEnd(**Reader({StartPosition::kBeginning}))), ElementsAre("c"));
}

TEST_F(PartitionReaderTest, FollowsABeginningThatMoves) {
  // A race on purpose: whoever is first, the beginning is never lost.
  MakeTopic(1);
  constexpr int kRounds = 10;
  for (int64_t i = 1; i <= kRounds; ++i) {
    Write(0, {"v"});
    const std::unique_ptr<PartitionReader> reader = *Reader({StartPosition::kBeginning});
    ASSERT_TRUE(admin_->DeleteRecordsBefore(topic_, 0, i, kPatience).ok());
    const absl::StatusOr<std::vector<Record>> records = ReadToEnd(*reader);
    ASSERT_TRUE(records.ok()) << records.status();
    EXPECT_LE(records->size(), 1u);
    EXPECT_THAT(reader->positions(), ElementsAre(i));
  }
}

TEST_F(PartitionReaderTest, IsNotHeldUpByAFullQueue) {
  // More than the queue holds, read in bursts: librdkafka does not fetch for a second after the
  // queue was full, unless it is told otherwise.
  MakeTopic(2);
  const std::string value(500000, 'v');
  const std::unique_ptr<RecordProducer> producer = MakeProducer();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(producer->Send(topic_, i % 2, "k", value, kPatience).ok());
  }
  ASSERT_TRUE(producer->Flush(kPatience).ok());

  const std::unique_ptr<PartitionReader> reader = *Reader({0, 0});
  absl::Duration longest_wait;
  int records = 0;
  const absl::Time deadline = absl::Now() + kPatience;
  while (!reader->at_end() && absl::Now() < deadline) {
    const absl::Time start = absl::Now();
    const absl::StatusOr<int> read = reader->Read(1000, kPatience, [](const RecordView&) {});
    ASSERT_TRUE(read.ok()) << read.status();
    records += *read;
    longest_wait = std::max(longest_wait, absl::Now() - start);
    absl::SleepFor(absl::Milliseconds(150));  // The work on a batch, while the queue fills.
  }
  EXPECT_EQ(records, 200);
  EXPECT_LT(longest_wait, absl::Milliseconds(500));
}

TEST_F(PartitionReaderTest, ReportsAPositionBeyondTheEnd) {
  MakeTopic(1);
  Write(0, {"a"});
  const std::unique_ptr<PartitionReader> reader = *Reader({5});
  EXPECT_EQ(ReadToEnd(*reader).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(PartitionReaderTest, SaysWhatDoesNotExist) {
  EXPECT_EQ(Reader({StartPosition::kBeginning}).status().code(), absl::StatusCode::kNotFound);
  const std::unique_ptr<PartitionReader> reader = *Reader({0});
  const absl::Status status = ReadToEnd(*reader).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr(topic_));
}

TEST_F(PartitionReaderTest, RefusesWhatIsNoOffset) {
  MakeTopic(1);
  EXPECT_EQ(Reader({-1001}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace windrow::kafka
