// GroupConsumer and TransactionalProducer against a real broker, named by WINDROW_TEST_KAFKA
// (HOST:PORT), whose group.min.session.timeout.ms is 1000: what is Kafka's alone. What holds for
// every log is stated in record_log/log_contract.cc, which runs over Kafka, too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/group_consumer.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/record_producer.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/kafka/transactional_producer.h"

namespace windrow::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kPatience = absl::Seconds(20);

// A member of a group, with what it was told.
class Member : public AssignmentListener {
 public:
  Member(const KafkaConfig& config, const GroupConsumer::Options& options) {
    absl::StatusOr<std::unique_ptr<GroupConsumer>> created =
        GroupConsumer::Create(config, options, this);
    EXPECT_TRUE(created.ok()) << created.status();
    consumer_ = *std::move(created);
  }

  void OnAssigned(const std::vector<TopicPartition>& partitions) override {
    assigned = std::set<TopicPartition>(partitions.begin(), partitions.end());
    std::map<TopicPartition, int64_t> starts;
    for (const TopicPartition& partition : partitions) starts[partition] = 0;
    EXPECT_TRUE(consumer_->Assign(starts).ok());
  }

  void OnRevoked(bool lost) override {
    losses += lost ? 1 : 0;
    assigned.clear();
  }

  GroupConsumer* operator->() { return consumer_.get(); }

  std::set<TopicPartition> assigned;
  int losses = 0;

 private:
  std::unique_ptr<GroupConsumer> consumer_;
};

// Polls the members in turn until `done`.
template <typename... Members>
bool PollUntil(const std::function<bool()>& done, Members*... members) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!done()) {
    if (absl::Now() > deadline) return false;
    for (Member* member : {members...}) {
      const absl::Status polled = (*member)->Poll(absl::Milliseconds(5));
      EXPECT_TRUE(polled.ok()) << polled;
    }
  }
  return true;
}

class GroupClientsTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const broker = std::getenv("WINDROW_TEST_KAFKA");
    ASSERT_NE(broker, nullptr) << "WINDROW_TEST_KAFKA=HOST:PORT must name a broker";
    config_.bootstrap_servers = broker;
    config_.client_id = "group_clients_test";
    absl::StatusOr<std::unique_ptr<TopicAdmin>> admin = TopicAdmin::Create(config_);
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
    // Of this run and test only: the broker may have been used before.
    topic_ = absl::StrCat("test.", testing::UnitTest::GetInstance()->current_test_info()->name(),
                          ".", absl::ToUnixMicros(absl::Now()));
    options_.group = topic_;
    options_.topics = {topic_};
  }

  void MakeTopic(int partitions) {
    const absl::Status made = admin_->EnsureTopics({{topic_, partitions, {}}}, kPatience);
    ASSERT_TRUE(made.ok()) << made;
  }

  // Writes "begin", "begin + 1", ...
  void Write(int partition, int begin, int count) {
    const std::unique_ptr<RecordProducer> producer = *RecordProducer::Create(config_);
    for (int i = begin; i < begin + count; ++i) {
      ASSERT_TRUE(producer->Send(topic_, partition, "k", absl::StrCat(i), kPatience).ok());
    }
    ASSERT_TRUE(producer->Flush(kPatience).ok());
  }

  std::unique_ptr<TransactionalProducer> Producer(const std::string& suffix = "") {
    auto producer =
        TransactionalProducer::Create(config_, topic_ + suffix, absl::Seconds(10), kPatience);
    EXPECT_TRUE(producer.ok()) << producer.status();
    return *std::move(producer);
  }

  TopicPartition Part(int partition) const { return {topic_, partition}; }
  static absl::Time Deadline() { return absl::Now() + kPatience; }

  // Waits until the member has all of the topic's partitions.
  static void Join(Member* member, size_t partitions) {
    ASSERT_TRUE(PollUntil([&] { return member->assigned.size() == partitions; }, member));
  }

  // Records of one partition, until `count` are there or the log has ended at its end.
  static std::vector<std::string> ReadRecords(Member* member, const TopicPartition& partition,
                                              size_t count, int max_events = 1000) {
    std::vector<std::string> records;
    const absl::Time deadline = Deadline();
    while (records.size() < count && absl::Now() < deadline) {
      EXPECT_TRUE((*member)->Poll(absl::ZeroDuration()).ok());
      const absl::StatusOr<int> read =
          (*member)->Read(partition, max_events, [&](const GroupConsumer::Event& event) {
            if (event.record == nullptr) return;
            EXPECT_EQ(event.record->offset, event.offset);
            records.emplace_back(event.record->value);
          });
      EXPECT_TRUE(read.ok()) << read.status();
      if (!read.ok()) break;
      EXPECT_LE(*read, max_events);
      if (*read == 0) absl::SleepFor(absl::Milliseconds(1));
    }
    return records;
  }

  // What anybody who reads committed records sees of the topic's first partition now.
  std::vector<std::string> Visible() {
    auto reader = PartitionReader::Create(config_, {{topic_, 0, StartPosition::kBeginning}});
    EXPECT_TRUE(reader.ok()) << reader.status();
    std::vector<std::string> values;
    const absl::Time deadline = Deadline();
    while (!(*reader)->at_end() && absl::Now() < deadline) {
      const auto read = (*reader)->Read(100, absl::Milliseconds(100),
                                        [&](const RecordView& r) { values.emplace_back(r.value); });
      EXPECT_TRUE(read.ok()) << read.status();
    }
    return values;
  }

  KafkaConfig config_;
  GroupConsumer::Options options_;
  std::unique_ptr<TopicAdmin> admin_;
  std::string topic_;
};

using GroupConsumerTest = GroupClientsTest;
using TransactionalProducerTest = GroupClientsTest;

// librdkafka may hang then, now and again.
TEST_F(GroupClientsTest, GoesInTimeWhenItsTopicIsDeleted) {
  const std::string name = topic_;
  for (int round = 0; round < 10; ++round) {
    topic_ = absl::StrCat(name, ".", round);
    options_.group = topic_;
    options_.topics = {topic_};
    MakeTopic(4);
    Write(0, 0, 10);
    auto member = std::make_unique<Member>(config_, options_);
    Join(member.get(), 4);
    ASSERT_THAT(ReadRecords(member.get(), Part(0), 10), SizeIs(10));
    ASSERT_TRUE(admin_->DeleteTopics({topic_}, kPatience).ok());
    // Fetches hear of it at different moments.
    const absl::Time until = absl::Now() + absl::Milliseconds(20) * round;
    while (absl::Now() < until) (*member)->Poll(absl::Milliseconds(1)).IgnoreError();
    const absl::Time begin = absl::Now();
    (*member)->Close(absl::Seconds(6)).IgnoreError();
    member = nullptr;
    EXPECT_LT(absl::Now() - begin, absl::Seconds(9)) << "round " << round;
  }
}

TEST_F(TransactionalProducerTest, GoesOnAfterARecordThatIsTooLarge) {
  MakeTopic(1);
  const auto producer = Producer();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "with it", Deadline()).ok());
  const std::string huge(2'000'000, 'x');
  const TransactionStep step = producer->Produce(topic_, 0, "k", huge, Deadline());
  EXPECT_EQ(step.outcome, TransactionOutcome::kAbort);
  EXPECT_THAT(step.message, HasSubstr(topic_));
  EXPECT_EQ(producer->ProduceWithHeaders(topic_, 0, "k", huge, {{"a", "b"}}, Deadline()).outcome,
            TransactionOutcome::kAbort);
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "later", Deadline()).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_THAT(Visible(), ElementsAre("later"));
}

TEST_F(TransactionalProducerTest, GoesOnAfterAnUnknownPartition) {
  MakeTopic(1);
  config_.properties["topic.metadata.propagation.max.ms"] = "100";
  const auto producer = Producer();
  for (const TopicPartition& unknown : {Part(7), TopicPartition(topic_ + ".no", 0)}) {
    ASSERT_TRUE(producer->Begin().ok());
    TransactionStep step = producer->Produce(unknown.first, unknown.second, "k", "v", Deadline());
    if (step.ok()) step = producer->Commit(Deadline());
    EXPECT_EQ(step.outcome, TransactionOutcome::kAbort) << step.message;
    ASSERT_TRUE(producer->Abort(Deadline()).ok());
  }
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "later", Deadline()).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_THAT(Visible(), ElementsAre("later"));
}

TEST_F(TransactionalProducerTest, GivesUpInTimeWhenNobodyAnswers) {
  config_.bootstrap_servers = "127.0.0.1:1";
  const absl::Time start = absl::Now();
  const auto producer =
      TransactionalProducer::Create(config_, topic_, absl::Seconds(5), absl::Milliseconds(700));
  EXPECT_THAT(producer.status().code(),
              testing::AnyOf(absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(producer.status().message()), HasSubstr(topic_));
  EXPECT_LT(absl::Now() - start, absl::Seconds(4));
}

TEST_F(GroupConsumerTest, ReadsEachPartitionByItself) {
  MakeTopic(2);
  Write(0, 0, 25);
  Write(1, 100, 3);
  Member member(config_, options_);
  Join(&member, 2);
  EXPECT_THAT(member.assigned, testing::UnorderedElementsAre(Part(0), Part(1)));
  // However long one partition is left alone, the other is read in order and in small portions.
  const std::vector<std::string> records = ReadRecords(&member, Part(0), 25, 4);
  ASSERT_THAT(records, SizeIs(25));
  for (int i = 0; i < 25; ++i) EXPECT_EQ(records[i], absl::StrCat(i));
  EXPECT_THAT(ReadRecords(&member, Part(1), 3), ElementsAre("100", "101", "102"));
  EXPECT_THAT(*member->Read(Part(7), 10, [](const GroupConsumer::Event&) { FAIL(); }), 0);
}

TEST_F(GroupConsumerTest, WakesItsOwnerWhenARecordArrives) {
  MakeTopic(1);
  std::atomic<int> wakeups{0};
  options_.on_wakeup = [](void* count) { ++*static_cast<std::atomic<int>*>(count); };
  options_.wakeup_opaque = &wakeups;
  Member member(config_, options_);
  Join(&member, 1);
  EXPECT_THAT(ReadRecords(&member, Part(0), 0), IsEmpty());
  // Let the queue run empty, its end of the log included.
  PollUntil(
      [&] {
        bool end = false;
        EXPECT_TRUE(
            member
                ->Read(Part(0), 10,
                       [&](const GroupConsumer::Event& event) { end = event.record == nullptr; })
                .ok());
        return end;
      },
      &member);
  const int before = wakeups;
  Write(0, 0, 1);
  const absl::Time deadline = Deadline();
  while (wakeups == before && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_GT(wakeups, before);
  EXPECT_THAT(ReadRecords(&member, Part(0), 1), ElementsAre("0"));
}

// The fault that this guards against: what an earlier assignment has fetched, seen after a later
// one, passes for records behind a gap.
TEST_F(GroupConsumerTest, AssignDropsWhatWasFetchedBefore) {
  MakeTopic(2);
  constexpr int kRecords = 3000;
  Write(0, 0, kRecords);
  Write(1, 0, kRecords);
  Member member(config_, options_);
  Join(&member, 2);
  std::mt19937 random(3);
  for (int round = 0; round < 60; ++round) {
    const int64_t start = static_cast<int64_t>(random() % kRecords);
    // Also without the other partition, and with what was fetched half read, or not at all.
    std::map<TopicPartition, int64_t> starts = {{Part(0), start}};
    if (round % 3 != 0) starts[Part(1)] = start / 2;
    ASSERT_TRUE(member->Assign(starts).ok());
    for (const auto& entry : starts) {
      int64_t expected = entry.second;
      const auto wanted =
          std::min<int64_t>(kRecords, expected + static_cast<int64_t>(random() % 500));
      const absl::Time deadline = Deadline();
      while (expected < wanted && absl::Now() < deadline) {
        const absl::StatusOr<int> read =
            member->Read(entry.first, 1 + static_cast<int>(random() % 300),
                         [&](const GroupConsumer::Event& event) {
                           if (event.record == nullptr) return;
                           ASSERT_EQ(event.offset, expected) << "round " << round;
                           ++expected;
                         });
        ASSERT_TRUE(read.ok()) << read.status();
        if (*read == 0) absl::SleepFor(absl::Microseconds(100));
      }
      ASSERT_GE(expected, wanted) << "round " << round;
    }
    ASSERT_TRUE(member->Poll(absl::ZeroDuration()).ok());
  }
}

TEST_F(GroupConsumerTest, CapturesNoMetadataOnceTheAssignmentIsLost) {
  MakeTopic(1);
  options_.session_timeout = absl::Seconds(1);
  // A member that does not poll for so long loses its partitions.
  config_.properties["max.poll.interval.ms"] = "1500";
  Member member(config_, options_);
  Join(&member, 1);
  EXPECT_NE(member->CaptureGroupMetadata(), nullptr);
  const absl::Time deadline = Deadline();
  while (member->CaptureGroupMetadata() != nullptr && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_EQ(member->CaptureGroupMetadata(), nullptr);
  EXPECT_EQ(member.losses, 0) << "is told when it polls";
  ASSERT_TRUE(PollUntil([&] { return member.losses == 1; }, &member));
  // It comes back.
  ASSERT_TRUE(PollUntil([&] { return member.assigned.size() == 1; }, &member));
  EXPECT_NE(member->CaptureGroupMetadata(), nullptr);
}

TEST_F(GroupConsumerTest, EndsAreToldWhileTheBrokerHoldsAFetchBack) {
  MakeTopic(1);
  Write(0, 0, 3);
  config_.properties["fetch.wait.max.ms"] = "4000";
  Member member(config_, options_);
  Join(&member, 1);
  bool at_end = false;
  ASSERT_TRUE(PollUntil(
      [&] {
        const auto read = member->Read(Part(0), 10, [&](const GroupConsumer::Event& event) {
          at_end = at_end || event.record == nullptr;
        });
        return !read.ok() || at_end;
      },
      &member));
  ASSERT_TRUE(at_end);
  // The fetch that waits for a fourth record has just begun.
  const auto range = member->QueryOffsets(Part(0), absl::Seconds(2));
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(range->second, 3);
}

TEST_F(GroupConsumerTest, ClosesInTimeWhenNobodyAnswers) {
  config_.bootstrap_servers = "127.0.0.1:1";
  const absl::Time start = absl::Now();
  {
    Member member(config_, options_);
    EXPECT_TRUE(member->Poll(absl::Milliseconds(50)).ok());
    EXPECT_FALSE(member->Committed({Part(0)}, absl::Milliseconds(300)).ok());
    EXPECT_FALSE(member->QueryOffsets(Part(0), absl::Milliseconds(300)).ok());
    EXPECT_EQ(member->PartitionCount(topic_, absl::Milliseconds(300)), 0);
    EXPECT_EQ(member->LogEnd(Part(0)), -1);
    member->Close(absl::Seconds(1)).IgnoreError();
  }
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
}

}  // namespace
}  // namespace windrow::kafka
