#include "services/aggregator/core/combiner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/aggregator/core/group_key.h"
#include "services/aggregator/core/plan_builder.h"

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr EventSpan kSecond = kMicrosPerSecond;
constexpr EventTime kFarFuture = 200'000 * kMicrosPerDay;

// (view, start of the pane in seconds, cut in seconds or -1, group) and its records.
using Cells = std::map<std::tuple<int, int, int, std::string>, uint64_t>;
// (view, start of the window in seconds) and its late records.
using Late = std::map<std::pair<int, int>, uint64_t>;

std::string GroupText(const std::string& key) {
  const auto values = DecodeGroupKey(key).value();
  std::vector<std::string> texts;
  for (const auto& value : values) texts.push_back(value.value_or("null"));
  return absl::StrJoin(texts, "/");
}

// A combiner with the records' offsets counted by the test. Times are in seconds.
class CombinerTest : public testing::Test {
 protected:
  void Start(const PlanBuilder& builder, int sources = 1) {
    plan_ = builder.Build();
    combiner_ = std::make_unique<Combiner>(Combiner::Create(plan_).value());
    for (int partition = 0; partition < sources; ++partition) {
      SourcePosition fresh;
      fresh.partition = partition;
      combiner_->AddSource(fresh);
    }
    combiner_->SetPartitions(sources);
  }

  absl::optional<DeadLetterReason> Add(double time, const std::string& group, int partition = 0) {
    TestRecord record;
    record.At(static_cast<EventTime>(time * kSecond)).With(group);
    return AddRecord(record, partition);
  }

  absl::optional<DeadLetterReason> AddRecord(const TestRecord& record, int partition = 0,
                                             EventTime timestamp = kFarFuture) {
    return combiner_->Add(partition, combiner_->position(partition)->end_offset, timestamp,
                          record.fields());
  }

  // Seals and keeps what the frames hold.
  void Seal() {
    batch_ = combiner_->Seal();
    cells_.clear();
    late_.clear();
    for (const Frame& frame : batch_.frames) {
      for (const ViewDelta& delta : frame.views) Keep(delta);
    }
  }

  void Keep(const ViewDelta& delta) {
    const WindowSpec& window = *plan_->views[delta.view].window;
    for (const DeltaCell& cell : delta.cells) {
      const int cut = cell.cut == kNever ? -1 : static_cast<int>(cell.cut / kSecond);
      const int start = static_cast<int>(window.PaneStart(cell.pane) / kSecond);
      uint64_t& records = cells_[{delta.view, start, cut, GroupText(delta.groups[cell.group])}];
      EXPECT_EQ(records, 0u) << "one cell in two places";
      EXPECT_GT(cell.accepted, 0u);
      records = cell.accepted;
    }
    for (const LateCount& late : delta.late) {
      late_[{delta.view, static_cast<int>(late.window_start / kSecond)}] += late.records;
    }
  }

  const SourcePosition& Position(int partition = 0) { return *combiner_->position(partition); }
  const ViewCounters& Counters(int view = 0, int partition = 0) {
    return Position(partition).counters.views[view];
  }

  std::shared_ptr<const PipelinePlan> plan_;
  std::unique_ptr<Combiner> combiner_;
  Combiner::Batch batch_;
  Cells cells_;
  Late late_;
};

TEST_F(CombinerTest, RefusesAnUnknownZone) {
  const auto plan = PlanBuilder().View(kSecond, kSecond).Zone("Mars/Olympus").Build();
  EXPECT_EQ(Combiner::Create(plan).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CombinerTest, ReadsTimesInThePipelinesZone) {
  Start(PlanBuilder().View(kSecond, kSecond).Zone("Etc/GMT+8"));
  AddRecord(TestRecord().AtText("1970-01-01T00:00:01").With("a"));
  EXPECT_EQ(Position().max_event_time, (8 * 3600 + 1) * kSecond);
}

TEST_F(CombinerTest, CountsByPaneAndGroupOfEachView) {
  Start(PlanBuilder().View(10 * kSecond, 5 * kSecond).View(20 * kSecond, 20 * kSecond));
  Add(0, "a");
  Add(4.999999, "a");
  Add(5, "a");
  Add(5, "b");
  Add(19, "a");
  EXPECT_EQ(combiner_->cell_count(), 6u);
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 0, -1, "a"}, 2},
                           {{0, 5, -1, "a"}, 1},
                           {{0, 5, -1, "b"}, 1},
                           {{0, 15, -1, "a"}, 1},
                           {{1, 0, -1, "a"}, 4},
                           {{1, 0, -1, "b"}, 1}}));
  EXPECT_THAT(late_, IsEmpty());
  EXPECT_EQ(Counters(0).accepted, 5u);
  EXPECT_EQ(Counters(1).accepted, 5u);
  EXPECT_EQ(combiner_->cell_count(), 0u);
}

TEST_F(CombinerTest, GroupsByFieldsInOrderAndByNone) {
  Start(PlanBuilder()
            .View(kSecond, kSecond)
            .GroupBy({1, 0})
            .View(kSecond, kSecond)
            .GroupBy({})
            .View(kSecond, kSecond)
            .GroupBy({1}));
  AddRecord(TestRecord().At(0).With("x").With("y"));
  AddRecord(TestRecord().At(0).With("x").With(absl::nullopt));
  AddRecord(TestRecord().At(0).With("x").With(""));
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 0, -1, "y/x"}, 1},
                           {{0, 0, -1, "null/x"}, 1},
                           {{0, 0, -1, "/x"}, 1},
                           {{1, 0, -1, ""}, 3},
                           {{2, 0, -1, "y"}, 1},
                           {{2, 0, -1, "null"}, 1},
                           {{2, 0, -1, ""}, 1}}));
}

TEST_F(CombinerTest, TheWatermarkFollowsTheLargestTimeByTheDelay) {
  Start(PlanBuilder().View(kSecond, kSecond).Delay(10 * kSecond));
  EXPECT_EQ(Position().watermark, kNever);
  Add(100, "a");
  EXPECT_EQ(Position().max_event_time, 100 * kSecond);
  EXPECT_EQ(Position().watermark, 90 * kSecond);
  Add(95, "a");
  EXPECT_EQ(Position().max_event_time, 100 * kSecond);
  EXPECT_EQ(Position().watermark, 90 * kSecond);
  Add(100.000001, "a");
  EXPECT_EQ(Position().watermark, 90 * kSecond + 1);
}

TEST_F(CombinerTest, AWatermarkSetWithLessDelayDoesNotFall) {
  Start(PlanBuilder().View(kSecond, kSecond).Delay(10 * kSecond));
  SourcePosition committed;
  committed.max_event_time = 100 * kSecond;
  committed.watermark = 99 * kSecond;
  combiner_->AddSource(committed);
  Add(101, "a");
  EXPECT_EQ(Position().watermark, 99 * kSecond);
  Add(110, "a");
  EXPECT_EQ(Position().watermark, 100 * kSecond);
}

TEST_F(CombinerTest, LateIsWhoseWindowEndsAtOrBeforeTheWatermark) {
  Start(PlanBuilder().View(10 * kSecond, 10 * kSecond));
  Add(9.999999, "a");
  Add(0, "a");  // watermark 9.999999: not late
  Add(10, "a");
  Add(9, "a");  // watermark 10: late
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 0, -1, "a"}, 2}, {{0, 10, -1, "a"}, 1}}));
  EXPECT_EQ(late_, (Late{{{0, 0}, 1}}));
  EXPECT_EQ(Counters().accepted, 3u);
  EXPECT_EQ(Counters().late_everywhere, 1u);
  EXPECT_EQ(Position().counters.read, 4u);
}

TEST_F(CombinerTest, ARecordIsJudgedByTheWatermarkBeforeIt) {
  // Without delay every record would otherwise be late for nothing but just on time.
  Start(PlanBuilder().View(kSecond, kSecond));
  for (int second = 0; second < 100; second += 7) Add(second, "a");
  EXPECT_EQ(Counters().late_everywhere, 0u);
}

TEST_F(CombinerTest, ARecordMayBeLateForSomeOfItsWindows) {
  Start(PlanBuilder().View(15 * kSecond, 5 * kSecond));
  Add(20, "a");
  // In windows that end at 15, 20, 25: late for two.
  Add(12, "a");
  Add(13, "b");
  Add(14, "a");
  // In windows that end at 5, 10, 15: late for all.
  Add(1, "a");
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 20, -1, "a"}, 1}, {{0, 10, 20, "a"}, 2}, {{0, 10, 20, "b"}, 1}}));
  EXPECT_EQ(late_, (Late{{{0, 0}, 4}, {{0, 5}, 3}, {{0, -5}, 1}, {{0, -10}, 1}}));
  EXPECT_EQ(Counters().accepted, 4u);
  EXPECT_EQ(Counters().late_everywhere, 1u);
}

TEST_F(CombinerTest, EachSourceHasItsOwnWatermark) {
  Start(PlanBuilder().View(10 * kSecond, 5 * kSecond), 2);
  Add(10, "a", 0);
  Add(8, "a", 0);  // pane 5 is cut at 10
  Add(8, "a", 1);
  Add(9, "a", 0);
  Add(9, "a", 1);
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 10, -1, "a"}, 1}, {{0, 5, 10, "a"}, 2}, {{0, 5, -1, "a"}, 2}}));
  EXPECT_EQ(Position(0).watermark, 10 * kSecond);
  EXPECT_EQ(Position(1).watermark, 9 * kSecond);
  EXPECT_EQ(Counters(0, 0).accepted, 3u);
  EXPECT_EQ(Counters(0, 1).accepted, 2u);
}

TEST_F(CombinerTest, DeadLettersCountInNoViewAndMoveNoWatermark) {
  Start(PlanBuilder().View(kSecond, kSecond).MaxFutureSkew(60 * kSecond));
  Add(1, "a");
  combiner_->SetIdleFor(0, kSecond);
  EXPECT_EQ(AddRecord(TestRecord().With("a")), DeadLetterReason::kMissingEventTime);
  EXPECT_EQ(Position().idle_for, 0);
  EXPECT_EQ(AddRecord(TestRecord().AtText("yesterday").With("a")), DeadLetterReason::kBadEventTime);
  EXPECT_EQ(AddRecord(TestRecord().At(160 * kSecond + 1).With("a"), 0, 100 * kSecond),
            DeadLetterReason::kFutureEventTime);
  combiner_->SetIdleFor(0, kSecond);
  combiner_->AddUnreadable(0, 4);
  EXPECT_EQ(Position().idle_for, 0);
  EXPECT_EQ(Position().end_offset, 5);
  EXPECT_EQ(Position().counters.read, 5u);
  EXPECT_EQ(Position().counters.dead_lettered, 4u);
  EXPECT_EQ(Counters().accepted, 1u);
  EXPECT_EQ(Position().max_event_time, kSecond);
  // Exactly as far ahead as allowed.
  EXPECT_EQ(AddRecord(TestRecord().At(160 * kSecond).With("a"), 0, 100 * kSecond), absl::nullopt);
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 1, -1, "a"}, 1}, {{0, 160, -1, "a"}, 1}}));
}

// As a producer writes -1 for a timestamp that it does not know.
TEST_F(CombinerTest, ARecordWithoutTimestampIsNotFromTheFuture) {
  Start(PlanBuilder().View(10 * kSecond, 10 * kSecond).MaxFutureSkew(kSecond));
  const auto at = [](EventTime time) { return TestRecord().At(time).With(std::string("a")); };
  EXPECT_EQ(AddRecord(at(100 * kSecond), 0, RecordTimestamp(-1)), absl::nullopt);
  EXPECT_EQ(AddRecord(at(100 * kSecond), 0, -1), DeadLetterReason::kFutureEventTime);
  EXPECT_EQ(AddRecord(at(-100 * kSecond), 0, -101 * kSecond), absl::nullopt);
  EXPECT_EQ(AddRecord(at(-100 * kSecond), 0, -102 * kSecond), DeadLetterReason::kFutureEventTime);
  EXPECT_EQ(Position().max_event_time, 100 * kSecond);
}

TEST_F(CombinerTest, ReadsTimesInThePipelinesFormat) {
  EventTimeFormat format;
  format.kind = EventTimeFormat::Kind::kEpochMilliseconds;
  Start(PlanBuilder().View(kSecond, kSecond).TimeFormat(format));
  AddRecord(TestRecord().AtText("2500").With(std::string("a")));
  EXPECT_EQ(Position().max_event_time, 2'500'000);
  EXPECT_EQ(AddRecord(TestRecord().AtText("2.5e3").With(std::string("a"))),
            DeadLetterReason::kBadEventTime);
}

TEST_F(CombinerTest, ReasonsHaveNamesOfTheirOwn) {
  std::set<absl::string_view> names;
  for (const DeadLetterReason reason :
       {DeadLetterReason::kNotJson, DeadLetterReason::kNotAnObject,
        DeadLetterReason::kMissingEventTime, DeadLetterReason::kBadEventTime,
        DeadLetterReason::kWrongType, DeadLetterReason::kFutureEventTime,
        DeadLetterReason::kTooLarge}) {
    names.insert(DeadLetterReasonName(reason));
  }
  EXPECT_THAT(names, SizeIs(7));
  EXPECT_EQ(DeadLetterReasonName(DeadLetterReason::kNotJson), "not-json");
}

TEST_F(CombinerTest, AnInnerJoinLeavesOutWhatHasNoRow) {
  Start(PlanBuilder()
            .View(10 * kSecond, 10 * kSecond)
            .GroupBy({1, 0})
            .InnerJoin({"x"}, 1)
            .View(10 * kSecond, 10 * kSecond)
            .LeftJoin({"x"}));
  AddRecord(TestRecord().At(20 * kSecond).With("x").With("1"));
  AddRecord(TestRecord().At(20 * kSecond).With("y").With("1"));
  AddRecord(TestRecord().At(20 * kSecond).With(absl::nullopt).With("x"));
  // Late, but unmatched first.
  AddRecord(TestRecord().At(0).With("y").With("1"));
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 20, -1, "1/x"}, 1},
                           {{1, 20, -1, "x"}, 1},
                           {{1, 20, -1, "y"}, 1},
                           {{1, 20, -1, "null"}, 1}}));
  EXPECT_EQ(late_, (Late{{{1, 0}, 1}}));
  EXPECT_EQ(Counters(0), (ViewCounters{1, 0, 3, 0}));
  EXPECT_EQ(Counters(1), (ViewCounters{3, 0, 0, 1}));
}

TEST_F(CombinerTest, AFilterComesBeforeEverythingElseOfItsView) {
  Start(PlanBuilder()
            .View(10 * kSecond, 10 * kSecond)
            .InnerJoin({"a"})
            .Where("f1 > 1 and not f0 = 'c'")
            .View(10 * kSecond, 10 * kSecond));
  const auto add = [&](double time, const char* group, absl::optional<std::string> value) {
    TestRecord record;
    record.At(static_cast<EventTime>(time * kSecond)).With(std::string(group)).With(value);
    EXPECT_EQ(AddRecord(record), absl::nullopt);
  };
  add(20, "a", "2");
  add(20, "a", "1");
  add(20, "c", "2");
  add(20, "b", "2");           // no row in the table
  add(5, "b", "x");            // filtered, though unmatched and late as well
  add(5, "a", absl::nullopt);  // filtered, though late
  add(5, "a", "3");
  add(30, "c", "2");  // filtered, but moves the watermark
  EXPECT_EQ(Counters(0), (ViewCounters{1, 5, 1, 1}));
  EXPECT_EQ(Counters(1), (ViewCounters{5, 0, 0, 3}));
  EXPECT_EQ(Position().watermark, 30 * kSecond);
  Seal();
  EXPECT_EQ(late_, (Late{{{0, 0}, 1}, {{1, 0}, 3}}));
}

TEST_F(CombinerTest, ANewTableCountsFromTheNextBatchOn) {
  const auto builder = [](int64_t generation, const std::vector<std::string>& keys) {
    PlanBuilder made;
    made.View(10 * kSecond, 10 * kSecond).InnerJoin(keys).Generation(generation);
    return made;
  };
  Start(builder(0, {"a"}), 2);
  Add(1, "a");
  Add(1, "b");
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 0, -1, "a"}, 1}}));
  EXPECT_EQ(batch_.positions[0].plan_generation, 0);

  plan_ = builder(7, {"b"}).Build();
  combiner_->UsePlan(plan_);
  EXPECT_FALSE(combiner_->HasChanges());
  Add(2, "a");
  Add(2, "b");
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 0, -1, "b"}, 1}}));
  EXPECT_EQ(Counters().accepted, 2u);
  EXPECT_EQ(Counters().unmatched_join, 2u);
  // Only the source that was read has moved on to it.
  ASSERT_THAT(batch_.positions, SizeIs(1));
  EXPECT_EQ(batch_.positions[0].partition, 0);
  EXPECT_EQ(batch_.positions[0].plan_generation, 7);
  EXPECT_EQ(combiner_->sealed_position(1).plan_generation, 0);
}

TEST_F(CombinerTest, ANewDelayHoldsForTheRecordsOfTheNextBatch) {
  const auto builder = [](int64_t generation, EventSpan delay) {
    return PlanBuilder().View(10 * kSecond, 10 * kSecond).Generation(generation).Delay(delay);
  };
  Start(builder(0, 20 * kSecond));
  Add(50, "a");
  EXPECT_EQ(Position().watermark, 30 * kSecond);
  Seal();
  EXPECT_EQ(batch_.positions[0].watermark_delay, 20 * kSecond);

  // Shorter: the first record of the batch is still judged by what those before it have left.
  combiner_->UsePlan(builder(3, 5 * kSecond).Build());
  EXPECT_FALSE(combiner_->HasChanges());
  EXPECT_EQ(Position().watermark, 30 * kSecond);
  Add(35, "a");
  EXPECT_EQ(Counters().accepted, 2u);
  // It is not the largest, and yet moves the watermark.
  EXPECT_EQ(Position().watermark, 45 * kSecond);
  Add(35, "a");
  EXPECT_EQ(Counters().late_everywhere, 1u);
  Seal();
  EXPECT_EQ(batch_.positions[0].watermark_delay, 5 * kSecond);
  EXPECT_EQ(batch_.positions[0].plan_generation, 3);

  // Longer: the watermark stands still until it is overtaken.
  combiner_->UsePlan(builder(4, 30 * kSecond).Build());
  Add(70, "a");
  EXPECT_EQ(Position().watermark, 45 * kSecond);
  Add(80, "a");
  EXPECT_EQ(Position().watermark, 50 * kSecond);
  // No new batch has begun for it: it is what its records were counted with.
  Seal();
  EXPECT_EQ(batch_.positions[0].watermark_delay, 30 * kSecond);
}

TEST_F(CombinerTest, ANewIdlePolicyIsReportedWithoutARecord) {
  const auto builder = [](int64_t generation) {
    return PlanBuilder().View(10 * kSecond, 10 * kSecond).Generation(generation);
  };
  IdlePolicy policy;
  policy.all_idle = AllIdle::kWait;
  Start(builder(0), 2);
  Seal();
  EXPECT_FALSE(batch_.positions[0].idle_policy.has_value());

  combiner_->Silence(1);
  combiner_->UsePlan(builder(2).ChangedIdle(policy).Build());
  EXPECT_TRUE(combiner_->HasChanges());
  Seal();
  ASSERT_THAT(batch_.positions, SizeIs(1)) << "of the other nothing may be said";
  EXPECT_EQ(batch_.positions[0].partition, 0);
  EXPECT_EQ(batch_.positions[0].plan_generation, 2);
  EXPECT_EQ(batch_.positions[0].idle_policy, policy);
  EXPECT_FALSE(combiner_->HasChanges());

  // A partition that somebody else has counted by the policy before.
  SourcePosition before = batch_.positions[0];
  before.partition = 5;
  combiner_->AddSource(before);
  combiner_->SetPartitions(2);
  Seal();
  combiner_->UsePlan(builder(9).Build());
  Seal();
  ASSERT_THAT(batch_.positions, SizeIs(2));
  EXPECT_FALSE(batch_.positions[1].idle_policy.has_value());
  EXPECT_EQ(batch_.positions[1].plan_generation, 9);
}

TEST_F(CombinerTest, RedeliveredRecordsAreCountedAndNoMore) {
  Start(PlanBuilder().View(kSecond, kSecond));
  EXPECT_FALSE(combiner_->IsRedelivered(0, 0));
  Add(1, "a");
  Add(1, "a");
  EXPECT_TRUE(combiner_->IsRedelivered(0, 0));
  EXPECT_TRUE(combiner_->IsRedelivered(0, 1));
  EXPECT_FALSE(combiner_->IsRedelivered(0, 2));
  EXPECT_FALSE(combiner_->IsRedelivered(0, 7)) << "offsets may have gaps";
  EXPECT_EQ(Position().counters.redelivered, 2u);
  EXPECT_EQ(Position().counters.read, 2u);
  EXPECT_EQ(Position().end_offset, 2);
}

TEST_F(CombinerTest, SealSharesGroupsOutByTheirHash) {
  Start(PlanBuilder().View(kSecond, kSecond).View(kSecond, kSecond).MergePartitions(5));
  for (int i = 0; i < 200; ++i) Add(1, absl::StrCat("group ", i));
  Add(5, "a");
  Add(1, "b");  // late
  Seal();
  ASSERT_THAT(batch_.frames, SizeIs(5));
  EXPECT_THAT(cells_, SizeIs(402));
  for (int m = 0; m < 5; ++m) {
    const Frame& frame = batch_.frames[m];
    EXPECT_THAT(frame.positions, SizeIs(1));
    ASSERT_THAT(frame.views, SizeIs(2));
    for (const ViewDelta& delta : frame.views) {
      EXPECT_THAT(delta.groups, SizeIs(testing::Gt(20u)));
      for (const std::string& group : delta.groups) {
        EXPECT_EQ(GroupHash(plan_->views[delta.view].id, group) % 5, static_cast<unsigned>(m));
      }
      // A late record is reported where its group belongs.
      std::string b;
      AppendGroupValue(absl::string_view("b"), &b);
      const bool holds_b = GroupHash(plan_->views[delta.view].id, b) % 5 == unsigned(m);
      EXPECT_EQ(delta.late.size(), holds_b ? 1u : 0u);
    }
  }
}

TEST_F(CombinerTest, LateCountsAreInOrderOfWindows) {
  Start(PlanBuilder().View(30 * kSecond, kSecond));
  Add(1000, "a");
  Add(500, "a");
  Add(100, "a");
  Add(900, "a");
  Seal();
  const std::vector<LateCount>& late = batch_.frames[0].views[0].late;
  ASSERT_THAT(late, SizeIs(90));
  for (size_t i = 1; i < late.size(); ++i) {
    EXPECT_LT(late[i - 1].window_start, late[i].window_start);
  }
}

TEST_F(CombinerTest, NothingNewSealsNothing) {
  Start(PlanBuilder().View(kSecond, kSecond).MergePartitions(3));
  EXPECT_TRUE(combiner_->HasChanges()) << "a new source is to be named";
  Seal();
  EXPECT_THAT(batch_.frames, SizeIs(3));
  EXPECT_THAT(batch_.positions, SizeIs(1));
  EXPECT_FALSE(combiner_->HasChanges());
  Seal();
  EXPECT_THAT(batch_.frames, IsEmpty());
  EXPECT_THAT(batch_.positions, IsEmpty());
  // A redelivered record is no reason to commit.
  combiner_->IsRedelivered(0, -1);
  EXPECT_FALSE(combiner_->HasChanges());
}

TEST_F(CombinerTest, IdlenessDrainAndPartitionsAreReportedOnce) {
  Start(PlanBuilder().View(kSecond, kSecond), 2);
  Seal();
  combiner_->SetIdleFor(1, 3 * kSecond);
  ASSERT_TRUE(combiner_->HasChanges());
  Seal();
  ASSERT_THAT(batch_.positions, SizeIs(1));
  EXPECT_EQ(batch_.positions[0].partition, 1);
  EXPECT_EQ(batch_.positions[0].idle_for, 3 * kSecond);
  EXPECT_THAT(batch_.frames[0].views, IsEmpty());
  EXPECT_FALSE(combiner_->HasChanges());

  combiner_->SetDrained(0, 4);
  Seal();
  ASSERT_THAT(batch_.positions, SizeIs(1));
  EXPECT_EQ(batch_.positions[0].drain_generation, 4);
  combiner_->SetDrained(0, 4);
  combiner_->SetDrained(0, 3);
  EXPECT_FALSE(combiner_->HasChanges());

  combiner_->SetPartitions(3);
  Seal();
  ASSERT_THAT(batch_.positions, SizeIs(2));
  EXPECT_EQ(batch_.positions[1].partitions, 3);
  EXPECT_FALSE(combiner_->HasChanges());
}

TEST_F(CombinerTest, PositionsOfOneBatchFollowThoseOfTheLast) {
  Start(PlanBuilder().View(kSecond, kSecond));
  Add(1, "a");
  Add(2, "a");
  Seal();
  EXPECT_EQ(batch_.positions[0].base_offset, 0);
  EXPECT_EQ(batch_.positions[0].end_offset, 2);
  combiner_->SetIdleFor(0, kSecond);
  Seal();
  EXPECT_EQ(batch_.positions[0].base_offset, 2);
  EXPECT_EQ(batch_.positions[0].end_offset, 2);
  // Offsets may have gaps: a transaction's end takes one.
  combiner_->Add(0, 9, kFarFuture, TestRecord().At(3 * kSecond).With("a").fields());
  Seal();
  EXPECT_EQ(batch_.positions[0].base_offset, 2);
  EXPECT_EQ(batch_.positions[0].end_offset, 10);
}

TEST_F(CombinerTest, GoesOnFromACommittedPosition) {
  Start(PlanBuilder().View(10 * kSecond, 10 * kSecond).View(20 * kSecond, 20 * kSecond));
  Add(20, "a");
  combiner_->SetIdleFor(0, 5 * kSecond);
  combiner_->SetDrained(0, 2);
  Seal();
  const SourcePosition committed = batch_.positions[0];

  Combiner other = Combiner::Create(plan_).value();
  other.AddSource(committed);
  const SourcePosition& position = *other.position(0);
  EXPECT_EQ(position.base_offset, 1);
  EXPECT_EQ(position.end_offset, 1);
  EXPECT_EQ(position.watermark, 20 * kSecond);
  EXPECT_EQ(position.drain_generation, 2);
  EXPECT_EQ(position.counters, committed.counters);
  EXPECT_EQ(position.idle_for, 0) << "the new owner has not waited";
  EXPECT_TRUE(other.HasChanges()) << "which merge must learn";
  other.Seal();
  EXPECT_FALSE(other.HasChanges());
  other.Add(0, 1, kFarFuture, TestRecord().At(5 * kSecond).With("a").fields());
  EXPECT_EQ(position.counters.views[0].late_everywhere, 1u);
  EXPECT_EQ(position.counters.views[1].late_everywhere, 1u);
}

TEST_F(CombinerTest, AnUnchangedCommittedPositionIsNoChange) {
  Start(PlanBuilder().View(kSecond, kSecond));
  Add(1, "a");
  Seal();
  Combiner other = Combiner::Create(plan_).value();
  other.AddSource(batch_.positions[0]);
  other.SetPartitions(1);
  EXPECT_FALSE(other.HasChanges());
}

TEST_F(CombinerTest, SourcesThatAreNotOursHaveNoPosition) {
  Start(PlanBuilder().View(kSecond, kSecond));
  EXPECT_NE(combiner_->position(0), nullptr);
  EXPECT_EQ(combiner_->position(1), nullptr);
  combiner_->Reset();
  EXPECT_EQ(combiner_->position(0), nullptr);
}

TEST_F(CombinerTest, ResetDropsWhatWasCounted) {
  Start(PlanBuilder().View(10 * kSecond, 5 * kSecond));
  Add(10, "a");
  Seal();
  const SourcePosition committed = batch_.positions[0];
  for (int i = 0; i < 2; ++i) {
    Add(11, "a");
    Add(7, "a");
    Add(7, "b");
    combiner_->Reset();
    EXPECT_EQ(combiner_->cell_count(), 0u);
    combiner_->AddSource(committed);
    combiner_->SetPartitions(1);
  }
  Add(11, "a");
  Add(7, "a");
  Add(7, "b");
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 10, -1, "a"}, 1}, {{0, 5, 10, "a"}, 1}, {{0, 5, 10, "b"}, 1}}));
  EXPECT_EQ(late_, (Late{{{0, 0}, 2}}));
  EXPECT_EQ(Position().counters.read, 4u);
}

TEST_F(CombinerTest, ABatchHoldsOnlyItsOwnRecords) {
  Start(PlanBuilder().View(10 * kSecond, 10 * kSecond));
  Add(1, "a");
  Add(1, "b");
  Seal();
  Add(2, "b");
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 0, -1, "b"}, 1}}));
  EXPECT_THAT(batch_.frames[0].views[0].groups, SizeIs(1));
  Add(3, "a");
  Add(11, "a");
  Add(4, "a");  // back in a pane that is not the last one: late now
  Add(12, "a");
  Seal();
  EXPECT_EQ(cells_, (Cells{{{0, 0, -1, "a"}, 1}, {{0, 10, -1, "a"}, 2}}));
}

TEST_F(CombinerTest, ForgetsGroupsWhenThereAreTooMany) {
  Start(PlanBuilder().View(10 * kSecond, 10 * kSecond).MergePartitions(4));
  constexpr int kGroups = 200'001;
  for (int i = 0; i < kGroups; ++i) Add(1, absl::StrCat(i));
  Seal();
  EXPECT_THAT(cells_, SizeIs(kGroups));
  Add(1, "new");  // takes the number that "0" had
  Add(1, "0");
  Add(2, "200000");
  Add(1, "0");
  Seal();
  EXPECT_EQ(cells_,
            (Cells{{{0, 0, -1, "new"}, 1}, {{0, 0, -1, "0"}, 2}, {{0, 0, -1, "200000"}, 1}}));
}

}  // namespace
}  // namespace windrow::aggregator
