// GroupConsumer and TransactionalProducer against a real broker, named by WINDROW_TEST_KAFKA
// (HOST:PORT), whose group.min.session.timeout.ms is 1000.
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
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
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
    ++assignments;
    assigned = std::set<TopicPartition>(partitions.begin(), partitions.end());
    std::map<TopicPartition, int64_t> starts;
    for (const TopicPartition& partition : partitions) starts[partition] = start;
    EXPECT_TRUE(consumer_->Assign(starts).ok());
  }

  void OnRevoked(bool lost) override {
    ++revocations;
    losses += lost ? 1 : 0;
    assigned.clear();
  }

  GroupConsumer* operator->() { return consumer_.get(); }

  // Offset at which every partition is taken up.
  int64_t start = 0;
  std::set<TopicPartition> assigned;
  int assignments = 0;
  int revocations = 0;
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

TEST_F(TransactionalProducerTest, ShowsWhatIsCommittedAndNothingElse) {
  MakeTopic(1);
  const auto producer = Producer();
  int64_t first = -1;
  int64_t second = -1;
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "a", Deadline(), &first).ok());
  ASSERT_TRUE(
      producer
          ->ProduceWithHeaders(topic_, 0, "k", "b", {{"reason", "x"}, {"empty", ""}}, Deadline())
          .ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "c", Deadline(), &second).ok());
  EXPECT_THAT(Visible(), IsEmpty());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 2);
  EXPECT_THAT(Visible(), ElementsAre("a", "b", "c"));

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "aborted", Deadline()).ok());
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "d", Deadline(), &first).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_GE(first, 4) << "behind the mark of the first transaction";
  EXPECT_THAT(Visible(), ElementsAre("a", "b", "c", "d"));
  EXPECT_FALSE(producer->tainted());
}

TEST_F(TransactionalProducerTest, AnotherOfTheSameIdFencesIt) {
  MakeTopic(1);
  const auto zombie = Producer();
  ASSERT_TRUE(zombie->Begin().ok());
  int64_t offset = -1;
  ASSERT_TRUE(zombie->Produce(topic_, 0, "k", "of the zombie", Deadline(), &offset).ok());
  // Its first request has reached the broker.
  const absl::Time deadline = Deadline();
  while (admin_->QueryOffsets(topic_, 0, kPatience)->end == 0 && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(5));
  }

  const auto heir = Producer();
  ASSERT_TRUE(heir->Begin().ok());
  ASSERT_TRUE(heir->Produce(topic_, 0, "k", "of the heir", Deadline()).ok());
  ASSERT_TRUE(heir->Commit(Deadline()).ok());
  const TransactionStep step = zombie->Commit(Deadline());
  EXPECT_EQ(step.outcome, TransactionOutcome::kFenced) << step.message;
  EXPECT_THAT(Visible(), ElementsAre("of the heir"));
}

TEST_F(TransactionalProducerTest, AnIdleOneIsFencedToo) {
  MakeTopic(1);
  const auto zombie = Producer();
  const auto heir = Producer();
  TransactionStep step = zombie->Begin();
  if (step.ok()) step = zombie->Produce(topic_, 0, "k", "v", Deadline());
  if (step.ok()) step = zombie->Commit(Deadline());
  EXPECT_EQ(step.outcome, TransactionOutcome::kFenced) << step.message;
  EXPECT_THAT(Visible(), IsEmpty());
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

TEST_F(GroupConsumerTest, SaysWhereTheLogEnds) {
  MakeTopic(1);
  Write(0, 0, 5);
  Member member(config_, options_);
  Join(&member, 1);
  ASSERT_THAT(ReadRecords(&member, Part(0), 5), SizeIs(5));
  const auto end = [&] {
    int64_t offset = -1;
    PollUntil(
        [&] {
          EXPECT_TRUE(member
                          ->Read(Part(0), 1,
                                 [&](const GroupConsumer::Event& event) {
                                   if (event.record == nullptr) offset = event.offset;
                                 })
                          .ok());
          return offset >= 0;
        },
        &member);
    return offset;
  };
  EXPECT_EQ(end(), 5);
  EXPECT_EQ(member->LogEnd(Part(0)), 5);
  // And again behind later records.
  Write(0, 5, 1);
  EXPECT_EQ(end(), 6);
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

TEST_F(GroupConsumerTest, SeesCommittedTransactionsOnly) {
  MakeTopic(1);
  const auto producer = Producer();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "", "aborted", Deadline()).ok());
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "", "1", Deadline()).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  Member member(config_, options_);
  Join(&member, 1);
  EXPECT_THAT(ReadRecords(&member, Part(0), 1), ElementsAre("1"));
  const absl::StatusOr<std::pair<int64_t, int64_t>> before =
      member->QueryOffsets(Part(0), kPatience);
  ASSERT_TRUE(before.ok()) << before.status();

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "", "2", Deadline()).ok());
  // The high watermark shows that the record is there; the last stable offset stays.
  ASSERT_TRUE(PollUntil(
      [&] {
        EXPECT_TRUE(
            member
                ->Read(Part(0), 10,
                       [](const GroupConsumer::Event& event) { EXPECT_EQ(event.record, nullptr); })
                .ok());
        return member->LogEnd(Part(0)) > before->second;
      },
      &member));
  EXPECT_EQ(member->QueryOffsets(Part(0), kPatience)->second, before->second);
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_THAT(ReadRecords(&member, Part(0), 1), ElementsAre("2"));
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

TEST_F(GroupConsumerTest, ReportsALostPosition) {
  MakeTopic(1);
  Write(0, 0, 10);
  ASSERT_TRUE(admin_->DeleteRecordsBefore(topic_, 0, 6, kPatience).ok());
  Member member(config_, options_);
  member.start = 3;
  Join(&member, 1);
  absl::Status failure;
  PollUntil(
      [&] {
        failure = member->Read(Part(0), 10, [](const GroupConsumer::Event&) { FAIL(); }).status();
        return !failure.ok();
      },
      &member);
  EXPECT_EQ(failure.code(), absl::StatusCode::kDataLoss) << failure;
  EXPECT_THAT(std::string(failure.message()), HasSubstr(topic_));
  ASSERT_TRUE(member->Assign({{Part(0), 6}}).ok());
  EXPECT_THAT(ReadRecords(&member, Part(0), 4), ElementsAre("6", "7", "8", "9"));
}

TEST_F(GroupConsumerTest, TwoMembersShareAndTakeOver) {
  MakeTopic(4);
  // A member that does not leave in order is missed only after this.
  options_.session_timeout = absl::Seconds(15);
  Member first(config_, options_);
  Join(&first, 4);
  EXPECT_EQ(first.assignments, 1);
  EXPECT_EQ(first.revocations, 0);
  {
    Member second(config_, options_);
    ASSERT_TRUE(PollUntil([&] { return first.assigned.size() == 2 && second.assigned.size() == 2; },
                          &first, &second));
    EXPECT_EQ(first.revocations, 1);
    EXPECT_EQ(first.losses, 0);
    EXPECT_EQ(second.revocations, 0);
    std::set<TopicPartition> both = first.assigned;
    both.insert(second.assigned.begin(), second.assigned.end());
    EXPECT_THAT(both, SizeIs(4));
    // Each reads what is its own.
    for (int p = 0; p < 4; ++p) Write(p, p, 1);
    for (const TopicPartition& partition : second.assigned) {
      EXPECT_THAT(ReadRecords(&second, partition, 1), ElementsAre(absl::StrCat(partition.second)));
      EXPECT_EQ(*first->Read(partition, 10, [](const GroupConsumer::Event&) { FAIL(); }), 0);
    }

    const absl::Time start = absl::Now();
    const absl::Status closed = second->Close(kPatience);
    ASSERT_TRUE(closed.ok()) << closed;
    EXPECT_EQ(second.revocations, 1);
    EXPECT_EQ(second.losses, 0);
    ASSERT_TRUE(PollUntil([&] { return first.assigned.size() == 4; }, &first));
    EXPECT_LT(absl::Now() - start, absl::Seconds(10)) << "left only when missed";
  }
  EXPECT_EQ(first.revocations, 2);
}

TEST_F(GroupConsumerTest, CapturesNoMetadataBeforeItHasJoined) {
  MakeTopic(1);
  Member member(config_, options_);
  EXPECT_EQ(member->CaptureGroupMetadata(), nullptr);
  Join(&member, 1);
  EXPECT_NE(member->CaptureGroupMetadata(), nullptr);
  ASSERT_TRUE(member->Close(kPatience).ok());
  EXPECT_EQ(member->CaptureGroupMetadata(), nullptr);
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

TEST_F(GroupConsumerTest, ReadsWhatTransactionsHaveCommitted) {
  MakeTopic(2);
  Member member(config_, options_);
  Join(&member, 2);
  auto committed = member->Committed({Part(0), Part(1)}, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_EQ(committed->at(Part(0)).offset, absl::nullopt);
  EXPECT_EQ(committed->at(Part(0)).metadata, "");

  const auto producer = Producer();
  const std::string metadata(4'096, 'm');
  ASSERT_TRUE(producer->Begin().ok());
  const GroupMetadataHandle group = member->CaptureGroupMetadata();
  TransactionStep step = producer->SendOffsets(
      {{topic_, 0, 0, ""}, {topic_, 1, 1'234'567'890'123, metadata}}, *group, Deadline());
  ASSERT_TRUE(step.ok()) << step.message;
  // What is not decided is waited for.
  EXPECT_FALSE(member->Committed({Part(0)}, absl::Milliseconds(300)).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  committed = member->Committed({Part(0), Part(1)}, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_THAT(committed->at(Part(0)).offset, Optional(Eq(0)));
  EXPECT_EQ(committed->at(Part(0)).metadata, "");
  EXPECT_THAT(committed->at(Part(1)).offset, Optional(Eq(1'234'567'890'123)));
  EXPECT_EQ(committed->at(Part(1)).metadata, metadata);

  // Aborted offsets leave no trace.
  ASSERT_TRUE(producer->Begin().ok());
  step = producer->SendOffsets({{topic_, 0, 77, "no"}}, *group, Deadline());
  ASSERT_TRUE(step.ok()) << step.message;
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  committed = member->Committed({Part(0)}, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_THAT(committed->at(Part(0)).offset, Optional(Eq(0)));
}

TEST_F(GroupConsumerTest, MetadataBeyondTheLimitIsRefused) {
  MakeTopic(1);
  Member member(config_, options_);
  Join(&member, 1);
  const auto producer = Producer();
  ASSERT_TRUE(producer->Begin().ok());
  const GroupMetadataHandle group = member->CaptureGroupMetadata();
  const TransactionStep step =
      producer->SendOffsets({{topic_, 0, 1, std::string(4'097, 'm')}}, *group, Deadline());
  EXPECT_FALSE(step.ok());
}

// A batch that was sealed under an assignment that has ended since.
TEST_F(GroupConsumerTest, AnOldGenerationCannotCommit) {
  MakeTopic(2);
  Member first(config_, options_);
  Join(&first, 2);
  const auto producer = Producer();
  const GroupMetadataHandle old_group = first->CaptureGroupMetadata();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->SendOffsets({{topic_, 0, 10, "a"}}, *old_group, Deadline()).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());

  Member second(config_, options_);
  ASSERT_TRUE(PollUntil([&] { return first.assigned.size() == 1 && second.assigned.size() == 1; },
                        &first, &second));
  ASSERT_TRUE(producer->Begin().ok());
  TransactionStep step = producer->SendOffsets({{topic_, 0, 20, "b"}}, *old_group, Deadline());
  EXPECT_EQ(step.outcome, TransactionOutcome::kAbort) << step.message;
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  auto committed = second->Committed({Part(0)}, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_THAT(committed->at(Part(0)).offset, Optional(Eq(10)));
  EXPECT_EQ(committed->at(Part(0)).metadata, "a");

  // With what holds now the same producer goes on.
  const GroupMetadataHandle group = first->CaptureGroupMetadata();
  ASSERT_TRUE(producer->Begin().ok());
  step = producer->SendOffsets({{topic_, 0, 30, "c"}}, *group, Deadline());
  ASSERT_TRUE(step.ok()) << step.message;
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_THAT((*second->Committed({Part(0)}, kPatience)).at(Part(0)).offset, Optional(Eq(30)));
}

TEST_F(GroupConsumerTest, SaysThatASessionIsTooShort) {
  MakeTopic(1);
  options_.session_timeout = absl::Milliseconds(500);
  Member member(config_, options_);
  absl::Status polled;
  const absl::Time deadline = Deadline();
  while (polled.ok() && absl::Now() < deadline) polled = member->Poll(absl::Milliseconds(50));
  EXPECT_EQ(polled.code(), absl::StatusCode::kOutOfRange) << polled;
}

TEST_F(GroupConsumerTest, CountsPartitions) {
  MakeTopic(3);
  Member member(config_, options_);
  EXPECT_EQ(member->PartitionCount(topic_, kPatience), 3);
  EXPECT_EQ(member->PartitionCount(topic_ + ".no", kPatience), 0);
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
