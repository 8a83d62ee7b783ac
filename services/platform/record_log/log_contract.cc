#include "services/platform/record_log/log_contract.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace windrow::record_log {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr absl::Duration kPatience = absl::Seconds(20);

// A member of a group, with what it was told.
class Member : public AssignmentListener {
 public:
  Member(LogHarness* harness, const std::string& client_id, const GroupConsumer::Options& options)
      : harness_(harness) {
    auto joined = harness->cluster().JoinGroup(client_id, options, this);
    EXPECT_TRUE(joined.ok()) << joined.status();
    consumer_ = *std::move(joined);
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
    if (on_revoked != nullptr) on_revoked();
    assigned.clear();
  }

  GroupConsumer* operator->() { return consumer_.get(); }
  // Ends without leaving the group.
  void Crash() { consumer_.reset(); }

  // Records of a partition, until there are `count`.
  std::vector<std::string> ReadRecords(const TopicPartition& partition, size_t count) {
    std::vector<std::string> values;
    ReadUntil(partition, &values, [&] { return values.size() >= count; });
    return values;
  }

  // Reads until the partition's end has been reported there; returns where it was reported last.
  int64_t ReadToEnd(const TopicPartition& partition, int64_t end) {
    std::vector<std::string> dropped;
    ends.emplace(partition, -1);
    ReadUntil(partition, &dropped, [&] { return ends.at(partition) == end; });
    return ends.at(partition);
  }

  // Offset at which every partition is taken up.
  int64_t start = 0;
  std::set<TopicPartition> assigned;
  int assignments = 0;
  int revocations = 0;
  int losses = 0;
  std::function<void()> on_revoked;
  // Where the end of each partition was last reported.
  std::map<TopicPartition, int64_t> ends;

 private:
  void ReadUntil(const TopicPartition& partition, std::vector<std::string>* values,
                 const std::function<bool()>& done) {
    const absl::Time deadline = harness_->clock().Now() + kPatience;
    while (!done() && harness_->clock().Now() < deadline) {
      EXPECT_TRUE(consumer_->Poll(absl::Milliseconds(1)).ok());
      const auto read = consumer_->Read(partition, 1000, [&](const GroupConsumer::Event& event) {
        if (event.record == nullptr) {
          ends[partition] = event.offset;
          return;
        }
        EXPECT_EQ(event.record->offset, event.offset);
        EXPECT_EQ(event.record->partition, partition.second);
        values->emplace_back(event.record->value);
      });
      ASSERT_TRUE(read.ok()) << read.status();
    }
  }

  LogHarness* const harness_;
  std::unique_ptr<GroupConsumer> consumer_;
};

// Polls the members in turn until `done`.
bool PollUntil(LogHarness* harness, const std::vector<Member*>& members,
               const std::function<bool()>& done) {
  const absl::Time deadline = harness->clock().Now() + kPatience;
  while (!done()) {
    if (harness->clock().Now() > deadline) return false;
    for (Member* member : members) {
      const absl::Status polled = (*member)->Poll(absl::Milliseconds(5));
      EXPECT_TRUE(polled.ok()) << polled;
    }
  }
  return true;
}

// Polls one member until it has so many partitions.
void Join(LogHarness* harness, Member* member, size_t partitions) {
  ASSERT_TRUE(PollUntil(harness, {member}, [&] { return member->assigned.size() == partitions; }));
}

}  // namespace

void LogContract::SetUp() {
  harness_ = GetParam()();
  if (harness_ == nullptr) GTEST_SKIP();
  topic_ = absl::StrCat("contract.", absl::ToUnixMicros(harness_->clock().Now()), ".",
                        reinterpret_cast<uintptr_t>(this) % 1000);
  options_.group = topic_;
  options_.topics = {topic_};
}

absl::Time LogContract::Deadline() const { return In(kPatience); }

std::unique_ptr<TransactionalProducer> LogContract::Producer(const std::string& id,
                                                             absl::Duration timeout) {
  auto producer =
      harness_->cluster().TakeTransactionalId("producer", topic_ + id, timeout, kPatience);
  EXPECT_TRUE(producer.ok()) << producer.status();
  return producer.ok() ? *std::move(producer) : nullptr;
}

std::vector<std::string> LogContract::Visible(int partition, int64_t begin) {
  auto reader = harness_->cluster().ReadPartitions({{topic_, partition, begin}});
  EXPECT_TRUE(reader.ok()) << reader.status();
  std::vector<std::string> values;
  const absl::Time deadline = Deadline();
  while (!(*reader)->at_end() && harness_->clock().Now() < deadline) {
    const auto read = (*reader)->Read(100, absl::Milliseconds(100), [&](const Record& record) {
      values.emplace_back(record.value);
    });
    EXPECT_TRUE(read.ok()) << read.status();
  }
  return values;
}

// ---- Transactions

TEST_P(LogContract, WhatIsCommittedIsVisibleAndNothingElse) {
  MakeTopic(2);
  const auto producer = Producer();
  int64_t first = -1;
  int64_t other = -1;
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "a", Deadline(), &first).ok());
  ASSERT_TRUE(producer->ProduceWithHeaders(topic_, 0, "k", "b", {{"h", ""}}, Deadline()).ok());
  ASSERT_TRUE(producer->Produce(topic_, 1, "k", "c", Deadline(), &other).ok());
  EXPECT_THAT(Visible(0), IsEmpty());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_EQ(first, 0);
  EXPECT_EQ(other, 0);
  EXPECT_THAT(Visible(0), ElementsAre("a", "b"));
  EXPECT_THAT(Visible(1), ElementsAre("c"));

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "aborted", Deadline(), nullptr).ok());
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "d", Deadline(), &first).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_GE(first, 3) << "behind the mark of the first transaction";
  EXPECT_THAT(Visible(0), ElementsAre("a", "b", "d"));
  EXPECT_FALSE(producer->tainted());
}

TEST_P(LogContract, HeadersAreRead) {
  MakeTopic(1);
  const auto producer = Producer();
  const RecordHeaders written = {{"first", "1"}, {"empty", ""}, {"first", "again"}};
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->ProduceWithHeaders(topic_, 0, "", "with", written, Deadline()).ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "", "without", Deadline(), nullptr).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  auto reader = harness_->cluster().ReadPartitions({{topic_, 0, 0}});
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<RecordHeaders> seen;
  const absl::Time deadline = Deadline();
  while (seen.size() < 2 && harness_->clock().Now() < deadline) {
    const auto read = (*reader)->Read(10, absl::Milliseconds(100), [&](const Record& record) {
      seen.push_back(record.headers());
    });
    ASSERT_TRUE(read.ok()) << read.status();
  }
  EXPECT_THAT(seen, ElementsAre(written, IsEmpty()));
}

TEST_P(LogContract, ARecordMayHaveNoValue) {
  MakeTopic(1);
  const auto producer = Producer();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "a", "", Deadline(), nullptr).ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "b", absl::string_view(), Deadline(), nullptr).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  auto reader = harness_->cluster().ReadPartitions({{topic_, 0, 0}});
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<std::string> seen;
  const absl::Time deadline = Deadline();
  while (seen.size() < 2 && harness_->clock().Now() < deadline) {
    const auto read = (*reader)->Read(10, absl::Milliseconds(100), [&](const Record& record) {
      seen.push_back(absl::StrCat(record.key, record.has_value ? " with" : " without"));
    });
    ASSERT_TRUE(read.ok()) << read.status();
  }
  EXPECT_THAT(seen, ElementsAre("a with", "b without"));
}

// What a producer knows of where its next record will be, while nobody else writes.
TEST_P(LogContract, FlushTellsWhereRecordsAre) {
  MakeTopic(1);
  const auto producer = Producer();
  for (int64_t round = 0; round < 3; ++round) {
    int64_t first = -1;
    int64_t second = -1;
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer->Produce(topic_, 0, "", "a", Deadline(), &first).ok());
    ASSERT_TRUE(producer->Produce(topic_, 0, "", "b", Deadline(), &second).ok());
    ASSERT_TRUE(producer->Flush(Deadline()).ok());
    // The end of each transaction takes up an offset.
    EXPECT_EQ(first, 3 * round);
    EXPECT_EQ(second, 3 * round + 1);
    ASSERT_TRUE(round == 1 ? producer->Abort(Deadline()).ok() : producer->Commit(Deadline()).ok());
  }
  EXPECT_THAT(Visible(), ElementsAre("a", "b", "a", "b"));
}

TEST_P(LogContract, AnOpenTransactionHoldsBackWhatIsBehindIt) {
  MakeTopic(1);
  Member member(harness_.get(), "a", options_);
  Join(harness_.get(), &member, 1);
  const auto slow = Producer("slow");
  const auto quick = Producer("quick");
  int64_t slow_offset = -1;
  ASSERT_TRUE(slow->Begin().ok());
  ASSERT_TRUE(slow->Produce(topic_, 0, "", "slow", Deadline(), &slow_offset).ok());
  ASSERT_TRUE(slow->Flush(Deadline()).ok());
  ASSERT_TRUE(quick->Begin().ok());
  ASSERT_TRUE(quick->Produce(topic_, 0, "", "quick", Deadline(), nullptr).ok());
  ASSERT_TRUE(quick->Commit(Deadline()).ok());
  EXPECT_THAT(Visible(), IsEmpty());
  // The end that is told is the last stable offset; the high watermark shows that there is more.
  EXPECT_THAT(*member->QueryOffsets(Part(0), kPatience), testing::Pair(0, 0));
  EXPECT_EQ(member.ReadToEnd(Part(0), 0), 0);
  EXPECT_GT(harness_->End(Part(0)), 1);
  ASSERT_TRUE(slow->Commit(Deadline()).ok());
  EXPECT_THAT(member.ReadRecords(Part(0), 2), ElementsAre("slow", "quick"));
}

TEST_P(LogContract, WhoTakesAnIdEndsItsTransactionAndFencesItsHolder) {
  MakeTopic(1);
  const auto zombie = Producer();
  ASSERT_TRUE(zombie->Begin().ok());
  ASSERT_TRUE(zombie->Produce(topic_, 0, "k", "of the zombie", Deadline(), nullptr).ok());
  ASSERT_TRUE(zombie->Flush(Deadline()).ok());
  const auto heir = Producer();
  ASSERT_TRUE(heir->Begin().ok());
  ASSERT_TRUE(heir->Produce(topic_, 0, "k", "of the heir", Deadline(), nullptr).ok());
  ASSERT_TRUE(heir->Commit(Deadline()).ok());
  EXPECT_EQ(zombie->Commit(Deadline()).outcome, TransactionOutcome::kFenced);
  EXPECT_THAT(Visible(), ElementsAre("of the heir"));
}

TEST_P(LogContract, AnIdleHolderIsFencedToo) {
  MakeTopic(1);
  const auto zombie = Producer();
  const auto heir = Producer();
  TransactionStep step = zombie->Begin();
  if (step.ok()) step = zombie->Produce(topic_, 0, "k", "v", Deadline(), nullptr);
  if (step.ok()) step = zombie->Commit(Deadline());
  EXPECT_EQ(step.outcome, TransactionOutcome::kFenced) << step.message;
  EXPECT_THAT(Visible(), IsEmpty());
}

TEST_P(LogContract, ATransactionThatIsLeftIsSettledByTheNextHolder) {
  MakeTopic(1);
  {
    const auto dead = Producer();
    ASSERT_TRUE(dead->Begin().ok());
    ASSERT_TRUE(dead->SendOffsets({{topic_, 0, 5, "m"}},
                                  *harness_->MetadataOfNoMember(options_.group), Deadline())
                    .ok());
    ASSERT_TRUE(dead->Produce(topic_, 0, "k", "left", Deadline(), nullptr).ok());
    ASSERT_TRUE(dead->Flush(Deadline()).ok());
  }
  Member member(harness_.get(), "a", options_);
  EXPECT_FALSE(member->Committed({Part(0)}, absl::Milliseconds(300)).ok());
  const auto heir = Producer();
  const auto committed = member->Committed({Part(0)}, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_EQ(committed->at(Part(0)).offset, absl::nullopt);
  EXPECT_THAT(Visible(), IsEmpty());
}

TEST_P(LogContract, ATransactionThatIsOpenForTooLongIsAbortedAndItsHolderFenced) {
  MakeTopic(1);
  const auto slow = Producer("slow", absl::Seconds(5));
  ASSERT_TRUE(slow->Begin().ok());
  ASSERT_TRUE(slow->Produce(topic_, 0, "k", "too late", Deadline(), nullptr).ok());
  ASSERT_TRUE(slow->Flush(Deadline()).ok());
  const absl::Time deadline = Deadline();
  const auto quick = Producer("quick");
  ASSERT_TRUE(quick->Begin().ok());
  ASSERT_TRUE(quick->Produce(topic_, 0, "k", "quick", Deadline(), nullptr).ok());
  ASSERT_TRUE(quick->Commit(Deadline()).ok());
  std::vector<std::string> visible;
  while ((visible = Visible()).empty() && harness_->clock().Now() < deadline) {
    harness_->Sleep(absl::Milliseconds(50));
  }
  EXPECT_THAT(visible, ElementsAre("quick"));
  EXPECT_EQ(slow->Commit(Deadline()).outcome, TransactionOutcome::kFenced);
  EXPECT_THAT(Visible(), ElementsAre("quick"));
}

TEST_P(LogContract, AProducerGoesOnAfterARecordThatIsRefused) {
  MakeTopic(1);
  const auto producer = Producer();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "with it", Deadline(), nullptr).ok());
  const std::string huge(2'000'000, 'x');
  EXPECT_EQ(producer->Produce(topic_, 0, "k", huge, Deadline(), nullptr).outcome,
            TransactionOutcome::kAbort);
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "k", "later", Deadline(), nullptr).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_THAT(Visible(), ElementsAre("later"));
}

// ---- Offsets in transactions

TEST_P(LogContract, OffsetsAndMetadataComeWithTheirTransaction) {
  MakeTopic(2);
  Member member(harness_.get(), "a", options_);
  Join(harness_.get(), &member, 2);
  auto committed = member->Committed({Part(0), Part(1)}, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_EQ(committed->at(Part(0)).offset, absl::nullopt);
  EXPECT_EQ(committed->at(Part(0)).metadata, "");

  const auto producer = Producer();
  const GroupMetadataHandle group = member->CaptureGroupMetadata();
  ASSERT_NE(group, nullptr);
  const std::string metadata(4'096, 'm');
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer
                  ->SendOffsets({{topic_, 0, 0, ""}, {topic_, 1, 1'234'567'890'123, metadata}},
                                *group, Deadline())
                  .ok());
  // What is not decided is waited for.
  EXPECT_FALSE(member->Committed({Part(0)}, absl::Milliseconds(300)).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  committed = member->Committed({Part(0), Part(1)}, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_THAT(committed->at(Part(0)).offset, Optional(Eq(0)));
  EXPECT_THAT(committed->at(Part(1)).offset, Optional(Eq(1'234'567'890'123)));
  EXPECT_EQ(committed->at(Part(1)).metadata, metadata);

  // Aborted offsets leave no trace.
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->SendOffsets({{topic_, 0, 77, "no"}}, *group, Deadline()).ok());
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  committed = member->Committed({Part(0)}, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_THAT(committed->at(Part(0)).offset, Optional(Eq(0)));

  ASSERT_TRUE(producer->Begin().ok());
  EXPECT_FALSE(
      producer->SendOffsets({{topic_, 0, 1, std::string(4'097, 'm')}}, *group, Deadline()).ok())
      << "more metadata than the limit";
}

TEST_P(LogContract, AnOldGenerationCannotCommit) {
  MakeTopic(2);
  Member first(harness_.get(), "a", options_);
  Join(harness_.get(), &first, 2);
  const auto producer = Producer();
  const GroupMetadataHandle old_group = first->CaptureGroupMetadata();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->SendOffsets({{topic_, 0, 10, "a"}}, *old_group, Deadline()).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());

  Member second(harness_.get(), "b", options_);
  ASSERT_TRUE(PollUntil(harness_.get(), {&first, &second},
                        [&] { return first.assigned.size() == 1 && second.assigned.size() == 1; }));
  ASSERT_TRUE(producer->Begin().ok());
  TransactionStep step = producer->SendOffsets({{topic_, 0, 20, "b"}}, *old_group, Deadline());
  EXPECT_EQ(step.outcome, TransactionOutcome::kAbort) << step.message;
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  const auto committed = second->Committed({Part(0)}, kPatience);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_THAT(committed->at(Part(0)).offset, Optional(Eq(10)));

  // With what holds now the same producer goes on.
  const GroupMetadataHandle group = first->CaptureGroupMetadata();
  ASSERT_TRUE(producer->Begin().ok());
  step = producer->SendOffsets({{topic_, 0, 30, "c"}}, *group, Deadline());
  ASSERT_TRUE(step.ok()) << step.message;
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_THAT((*second->Committed({Part(0)}, kPatience)).at(Part(0)).offset, Optional(Eq(30)));
}

// Why metadata without a generation must never be used by a member.
TEST_P(LogContract, WhoIsNoMemberIsNotFenced) {
  MakeTopic(1);
  Member member(harness_.get(), "a", options_);
  Join(harness_.get(), &member, 1);
  const auto producer = Producer();
  ASSERT_TRUE(producer->Begin().ok());
  const TransactionStep step = producer->SendOffsets(
      {{topic_, 0, 10, ""}}, *harness_->MetadataOfNoMember(options_.group), Deadline());
  ASSERT_TRUE(step.ok()) << step.message;
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_THAT((*member->Committed({Part(0)}, kPatience)).at(Part(0)).offset, Optional(Eq(10)));
}

// ---- Groups

TEST_P(LogContract, MembersShareAndTakeOver) {
  MakeTopic(4);
  options_.session_timeout = absl::Seconds(15);
  Member first(harness_.get(), "a", options_);
  Join(harness_.get(), &first, 4);
  EXPECT_EQ(first.revocations, 0);
  {
    Member second(harness_.get(), "b", options_);
    ASSERT_TRUE(PollUntil(harness_.get(), {&first, &second}, [&] {
      return first.assigned.size() == 2 && second.assigned.size() == 2;
    }));
    EXPECT_EQ(first.revocations, 1);
    EXPECT_EQ(first.losses, 0);
    std::set<TopicPartition> both = first.assigned;
    both.insert(second.assigned.begin(), second.assigned.end());
    EXPECT_THAT(both, SizeIs(4));
    for (int p = 0; p < 4; ++p) harness_->Append(Part(p), absl::StrCat(p));
    for (const TopicPartition& partition : second.assigned) {
      EXPECT_THAT(second.ReadRecords(partition, 1), ElementsAre(absl::StrCat(partition.second)));
      EXPECT_EQ(*first->Read(partition, 10, [](const GroupConsumer::Event&) { FAIL(); }), 0);
    }
    const absl::Time start = harness_->clock().Now();
    ASSERT_TRUE(second->Close(kPatience).ok());
    EXPECT_EQ(second.revocations, 1);
    EXPECT_EQ(second.losses, 0);
    ASSERT_TRUE(PollUntil(harness_.get(), {&first}, [&] { return first.assigned.size() == 4; }));
    EXPECT_LT(harness_->clock().Now() - start, absl::Seconds(10)) << "left only when missed";
  }
  EXPECT_EQ(first.revocations, 2);
}

TEST_P(LogContract, WhatWasReadMayBeCommittedWhileItIsRevoked) {
  MakeTopic(2);
  Member first(harness_.get(), "a", options_);
  Join(harness_.get(), &first, 2);
  const auto producer = Producer();
  TransactionStep step;
  first.on_revoked = [&] {
    const GroupMetadataHandle group = first->CaptureGroupMetadata();
    ASSERT_NE(group, nullptr);
    step = producer->Begin();
    if (step.ok()) step = producer->SendOffsets({{topic_, 0, 7, ""}}, *group, Deadline());
    if (step.ok()) step = producer->Commit(Deadline());
  };
  Member second(harness_.get(), "b", options_);
  ASSERT_TRUE(PollUntil(harness_.get(), {&first, &second},
                        [&] { return first.assigned.size() == 1 && second.assigned.size() == 1; }));
  first.on_revoked = nullptr;
  EXPECT_EQ(first.losses, 0);
  EXPECT_TRUE(step.ok()) << step.message;
  EXPECT_THAT((*second->Committed({Part(0)}, kPatience)).at(Part(0)).offset, Optional(Eq(7)));
}

TEST_P(LogContract, AMemberThatDiesIsMissed) {
  MakeTopic(2);
  options_.session_timeout = absl::Seconds(2);
  Member first(harness_.get(), "a", options_);
  Member second(harness_.get(), "b", options_);
  ASSERT_TRUE(PollUntil(harness_.get(), {&first, &second},
                        [&] { return first.assigned.size() == 1 && second.assigned.size() == 1; }));
  const absl::Time start = harness_->clock().Now();
  second.Crash();
  ASSERT_TRUE(PollUntil(harness_.get(), {&first}, [&] { return first.assigned.size() == 2; }));
  EXPECT_GE(harness_->clock().Now() - start, absl::Seconds(1)) << "nobody knew before";
  EXPECT_EQ(first.losses, 0);
}

TEST_P(LogContract, ThereIsMetadataOnlyForAMemberWithAGeneration) {
  MakeTopic(1);
  Member member(harness_.get(), "a", options_);
  EXPECT_EQ(member->CaptureGroupMetadata(), nullptr);
  Join(harness_.get(), &member, 1);
  EXPECT_NE(member->CaptureGroupMetadata(), nullptr);
  ASSERT_TRUE(member->Close(kPatience).ok());
  EXPECT_EQ(member->CaptureGroupMetadata(), nullptr);
}

TEST_P(LogContract, ASessionMayBeTooShort) {
  MakeTopic(1);
  options_.session_timeout = absl::Milliseconds(500);
  Member member(harness_.get(), "a", options_);
  absl::Status polled;
  const absl::Time deadline = Deadline();
  while (polled.ok() && harness_->clock().Now() < deadline) {
    polled = member->Poll(absl::Milliseconds(50));
  }
  EXPECT_EQ(polled.code(), absl::StatusCode::kOutOfRange) << polled;
}

// ---- Reading

TEST_P(LogContract, AConsumerSeesCommittedRecordsInOrderAndTheEnd) {
  MakeTopic(2);
  Member member(harness_.get(), "a", options_);
  Join(harness_.get(), &member, 2);
  EXPECT_EQ(member->PartitionCount(topic_, kPatience), 2);
  EXPECT_EQ(member->PartitionCount(topic_ + ".no", kPatience), 0);
  EXPECT_EQ(member.ReadToEnd(Part(0), 0), 0);
  for (int i = 0; i < 5; ++i) harness_->Append(Part(0), absl::StrCat(i));
  EXPECT_THAT(member.ReadRecords(Part(0), 5), ElementsAre("0", "1", "2", "3", "4"));
  EXPECT_EQ(member.ReadToEnd(Part(0), 5), 5);
  EXPECT_EQ(member->LogEnd(Part(0)), 5);
  // Behind the marks of transactions.
  const auto producer = Producer();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "", "aborted", Deadline(), nullptr).ok());
  ASSERT_TRUE(producer->Abort(Deadline()).ok());
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 0, "", "5", Deadline(), nullptr).ok());
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  EXPECT_THAT(member.ReadRecords(Part(0), 1), ElementsAre("5"));
  const int64_t end = harness_->End(Part(0));
  EXPECT_EQ(member.ReadToEnd(Part(0), end), end);
  EXPECT_THAT(*member->QueryOffsets(Part(0), kPatience), testing::Pair(0, end));
  EXPECT_THAT(member.ReadRecords(Part(1), 0), IsEmpty());
}

TEST_P(LogContract, AssignBeginsAnew) {
  MakeTopic(1);
  for (int i = 0; i < 10; ++i) harness_->Append(Part(0), absl::StrCat(i));
  Member member(harness_.get(), "a", options_);
  member.start = 4;
  Join(harness_.get(), &member, 1);
  EXPECT_THAT(member.ReadRecords(Part(0), 6), ElementsAre("4", "5", "6", "7", "8", "9"));
  ASSERT_TRUE(member->Assign({{Part(0), 8}}).ok());
  EXPECT_THAT(member.ReadRecords(Part(0), 2), ElementsAre("8", "9"));
  ASSERT_TRUE(member->Assign({}).ok());
  EXPECT_EQ(*member->Read(Part(0), 10, [](const GroupConsumer::Event&) { FAIL(); }), 0);
}

TEST_P(LogContract, WhatIsPurgedIsMissedLoudly) {
  MakeTopic(1);
  for (int i = 0; i < 10; ++i) harness_->Append(Part(0), absl::StrCat(i));
  harness_->DeleteRecordsBefore(Part(0), 6);
  Member member(harness_.get(), "a", options_);
  member.start = 3;
  Join(harness_.get(), &member, 1);
  EXPECT_THAT(*member->QueryOffsets(Part(0), kPatience), testing::Pair(6, 10));
  absl::Status failure;
  ASSERT_TRUE(PollUntil(harness_.get(), {&member}, [&] {
    failure = member->Read(Part(0), 10, [](const GroupConsumer::Event&) { FAIL(); }).status();
    return !failure.ok();
  }));
  EXPECT_EQ(failure.code(), absl::StatusCode::kDataLoss) << failure;
  ASSERT_TRUE(member->Assign({{Part(0), 6}}).ok());
  EXPECT_THAT(member.ReadRecords(Part(0), 4), ElementsAre("6", "7", "8", "9"));

  EXPECT_THAT(Visible(0, StartPosition::kBeginning), ElementsAre("6", "7", "8", "9"));
  auto reader = harness_->cluster().ReadPartitions({{topic_, 0, 3}});
  ASSERT_TRUE(reader.ok()) << reader.status();
  absl::StatusOr<int> read = 0;
  const absl::Time deadline = Deadline();
  while (read.ok() && harness_->clock().Now() < deadline) {
    read = (*reader)->Read(10, absl::Milliseconds(50), [](const Record&) { FAIL(); });
  }
  EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << read.status();
}

TEST_P(LogContract, AReaderSeesCommittedRecordsAndWaitsForMore) {
  MakeTopic(2);
  harness_->Append(Part(0), "a");
  harness_->Append(Part(1), "b");
  auto reader = harness_->cluster().ReadPartitions({{topic_, 0, 0}, {topic_, 1, 1}});
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<std::string> values;
  const absl::Time deadline = Deadline();
  const auto read_until = [&](const std::function<bool()>& done) {
    while (!done() && harness_->clock().Now() < deadline) {
      const auto read = (*reader)->Read(10, absl::Milliseconds(100), [&](const Record& record) {
        values.push_back(absl::StrCat(record.partition, ":", record.offset, ":", record.value));
      });
      ASSERT_TRUE(read.ok()) << read.status();
    }
  };
  read_until([&] { return (*reader)->at_end(); });
  EXPECT_THAT(values, ElementsAre("0:0:a"));
  const auto producer = Producer();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Produce(topic_, 1, "", "c", Deadline(), nullptr).ok());
  EXPECT_EQ(*(*reader)->Read(10, absl::Milliseconds(200), [](const Record&) { FAIL(); }), 0);
  ASSERT_TRUE(producer->Commit(Deadline()).ok());
  read_until([&] { return values.size() == 2; });
  EXPECT_THAT(values, ElementsAre("0:0:a", "1:1:c"));
}

}  // namespace windrow::record_log
