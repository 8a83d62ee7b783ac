#include "services/aggregator/core/merger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "services/aggregator/core/plan_builder.h"
#include "services/aggregator/core/snapshot_value.h"

namespace windrow::aggregator {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr EventSpan kSecond = kMicrosPerSecond;
constexpr int kOlder = -1;

// A frame under construction; times in seconds.
class FrameOf {
 public:
  explicit FrameOf(const PipelinePlan& plan) : plan_(plan) {}

  FrameOf& InView(int view) {
    view_ = view;
    return *this;
  }
  FrameOf& Count(const std::string& group, int64_t time, uint64_t records = 1) {
    return CountAfter(kNever, group, time, records);
  }
  // Records that count only in windows that end after `cut` seconds.
  FrameOf& CountAfterCut(int64_t cut, const std::string& group, int64_t time,
                         uint64_t records = 1) {
    return CountAfter(cut * kSecond, group, time, records);
  }
  FrameOf& Late(int64_t window_start, uint64_t records) {
    Delta().late.push_back(LateCount{window_start * kSecond, records});
    return *this;
  }
  FrameOf& Move(SourcePosition position) {
    frame_.positions.push_back(std::move(position));
    return *this;
  }
  const Frame& frame() const { return frame_; }

 private:
  FrameOf& CountAfter(EventTime cut, const std::string& group, int64_t time, uint64_t records) {
    ViewDelta& delta = Delta();
    const auto found = std::find(delta.groups.begin(), delta.groups.end(), group);
    const auto index = static_cast<uint32_t>(found - delta.groups.begin());
    if (found == delta.groups.end()) delta.groups.push_back(group);
    DeltaCell cell;
    cell.pane = plan_.views[view_].window->PaneOf(time * kSecond);
    cell.group = index;
    cell.cut = cut;
    cell.accepted = records;
    delta.cells.push_back(cell);
    return *this;
  }

  ViewDelta& Delta() {
    for (ViewDelta& delta : frame_.views) {
      if (delta.view == view_) return delta;
    }
    frame_.views.emplace_back();
    frame_.views.back().view = view_;
    return frame_.views.back();
  }

  const PipelinePlan& plan_;
  int view_ = 0;
  Frame frame_;
};

// (view, start of the window in seconds, group).
using RowKey = std::tuple<int, int, std::string>;
// (records, revision).
using RowValue = std::pair<uint64_t, uint32_t>;
using Rows = std::map<RowKey, RowValue>;
using Late = std::map<std::pair<int, int>, uint64_t>;

int Seconds(EventTime time) {
  return time == kOlderWindows ? kOlder : static_cast<int>(time / kSecond);
}

Rows RowsOf(const MergeChanges& changes) {
  Rows rows;
  for (size_t view = 0; view < changes.views.size(); ++view) {
    for (const RowChange& row : changes.views[view].rows) {
      const RowKey key(static_cast<int>(view), Seconds(row.window_start),
                       changes.views[view].groups[row.group]);
      EXPECT_TRUE(rows.emplace(key, RowValue(row.accepted, row.revision)).second)
          << "one row twice: " << testing::PrintToString(key);
    }
  }
  return rows;
}

Late LateOf(const MergeChanges& changes) {
  Late late;
  for (size_t view = 0; view < changes.views.size(); ++view) {
    for (const LateCount& count : changes.views[view].late) {
      const auto key = std::make_pair(static_cast<int>(view), Seconds(count.window_start));
      EXPECT_TRUE(late.emplace(key, count.records).second);
    }
  }
  return late;
}

// Windows of 10 s every 5 s; corrections are taken for 1000 s.
class MergerTest : public testing::Test {
 protected:
  MergerTest() {
    IdlePolicy policy;
    policy.all_idle = AllIdle::kCloseAfter;
    policy.close_after = 5 * kSecond;
    Start(PlanBuilder().View(10 * kSecond, 5 * kSecond).Horizon(1000 * kSecond).Idle(policy));
  }

  void Start(const PlanBuilder& builder) {
    plan_ = builder.Build();
    merger_ = std::make_unique<Merger>(plan_);
  }

  FrameOf Frame() const { return FrameOf(*plan_); }

  // The position of a source that has read up to the time.
  static SourcePosition At(int partition, int partitions, int64_t max, int64_t idle_for = 0) {
    SourcePosition position;
    position.partition = partition;
    position.partitions = partitions;
    position.max_event_time = max * kSecond;
    position.watermark = max * kSecond;
    position.idle_for = idle_for * kSecond;
    return position;
  }

  void Apply(const FrameOf& frame) { merger_->Apply(frame.frame()); }

  Rows Take() {
    last_ = merger_->TakeChanges();
    return RowsOf(last_);
  }
  Rows ApplyAndTake(const FrameOf& frame) {
    Apply(frame);
    return Take();
  }
  Late TakenLate() const { return LateOf(last_); }

  void Restore() {
    auto restored = std::make_unique<Merger>(plan_);
    restored->Restore(ValueOf(merger_->Image()));
    merger_ = std::move(restored);
  }

  std::shared_ptr<const PipelinePlan> plan_;
  std::unique_ptr<Merger> merger_;
  MergeChanges last_;
};

TEST_F(MergerTest, ARecordIsInEveryWindowOfItsPane) {
  EXPECT_EQ(ApplyAndTake(Frame().Count("a", 7)),
            (Rows{{{0, 0, "a"}, {1, 0}}, {{0, 5, "a"}, {1, 0}}}));
}

TEST_F(MergerTest, WindowsAddUpTheirPanes) {
  Apply(Frame().Count("a", 0, 1).Count("a", 5, 10).Count("b", 5, 7));
  Apply(Frame().Count("a", 10, 100));
  EXPECT_EQ(Take(), (Rows{{{0, -5, "a"}, {1, 0}},
                          {{0, 0, "a"}, {11, 0}},
                          {{0, 5, "a"}, {110, 0}},
                          {{0, 10, "a"}, {100, 0}},
                          {{0, 0, "b"}, {7, 0}},
                          {{0, 5, "b"}, {7, 0}}}));
  EXPECT_EQ(merger_->cell_count(), 4u);
}

TEST_F(MergerTest, FarApartPanesOfOneGroupShareNoWindow) {
  Apply(Frame().Count("a", 0, 1).Count("a", 1'000'000, 10).Count("a", 14, 100).Count("a", -20, 3));
  EXPECT_EQ(Take(), (Rows{{{0, -25, "a"}, {3, 0}},
                          {{0, -20, "a"}, {3, 0}},
                          {{0, -5, "a"}, {1, 0}},
                          {{0, 0, "a"}, {1, 0}},
                          {{0, 5, "a"}, {100, 0}},
                          {{0, 10, "a"}, {100, 0}},
                          {{0, 999'995, "a"}, {10, 0}},
                          {{0, 1'000'000, "a"}, {10, 0}}}));
}

TEST_F(MergerTest, OnlyRowsThatAFrameTouchedAreWritten) {
  Apply(Frame().Count("a", 0, 5).Count("a", 50, 5).Count("b", 0, 5));
  Take();
  EXPECT_EQ(ApplyAndTake(Frame().Count("a", 1)),
            (Rows{{{0, -5, "a"}, {6, 0}}, {{0, 0, "a"}, {6, 0}}}));
  EXPECT_THAT(Take(), IsEmpty());
}

TEST_F(MergerTest, SaysWhetherAFrameWasApplied) {
  EXPECT_FALSE(merger_->TakeChanges().advanced);
  Apply(Frame());
  EXPECT_TRUE(merger_->TakeChanges().advanced);
  EXPECT_FALSE(merger_->TakeChanges().advanced);
}

TEST_F(MergerTest, ViewsHaveWindowsAndGroupsOfTheirOwn) {
  Start(
      PlanBuilder().View(10 * kSecond, 10 * kSecond).View(20 * kSecond, 20 * kSecond, 5 * kSecond));
  Apply(Frame().InView(1).Count("a", 4).InView(0).Count("a", 12));
  Apply(Frame().InView(1).Count("a", 12).Count("b", 12));
  EXPECT_EQ(Take(), (Rows{{{0, 10, "a"}, {1, 0}},
                          {{1, -15, "a"}, {1, 0}},
                          {{1, 5, "a"}, {1, 0}},
                          {{1, 5, "b"}, {1, 0}}}));
}

TEST_F(MergerTest, RecordsAfterACutCountInLaterWindowsOnly) {
  // The pane of second 7 lies in the windows that end at 10 and 15.
  Apply(Frame().Count("a", 7, 1).CountAfterCut(10, "a", 7, 20).CountAfterCut(10, "b", 7, 5));
  Apply(Frame().CountAfterCut(10, "a", 7, 300));
  EXPECT_EQ(Take(), (Rows{{{0, 0, "a"}, {1, 0}}, {{0, 5, "a"}, {321, 0}}, {{0, 5, "b"}, {5, 0}}}));
  EXPECT_EQ(merger_->cell_count(), 3u);
}

TEST_F(MergerTest, SeveralCutsOfOnePane) {
  Start(PlanBuilder().View(20 * kSecond, 5 * kSecond));
  Apply(Frame()
            .Count("a", 17, 1)
            .CountAfterCut(20, "a", 17, 20)
            .CountAfterCut(30, "a", 17, 300)
            .CountAfterCut(25, "a", 17, 4000));
  EXPECT_EQ(Take(), (Rows{{{0, 0, "a"}, {1, 0}},
                          {{0, 5, "a"}, {21, 0}},
                          {{0, 10, "a"}, {4021, 0}},
                          {{0, 15, "a"}, {4321, 0}}}));
  Apply(Frame().Move(At(0, 1, 1000)));
  Take();
  EXPECT_EQ(merger_->cell_count(), 0u);
  EXPECT_EQ(merger_->group_count(), 0u);
}

TEST_F(MergerTest, WhatABatchCountedIsInTimeForTheWindowsThatItCloses) {
  const Rows rows = ApplyAndTake(Frame().Count("a", 2).Move(At(0, 1, 50)));
  EXPECT_EQ(merger_->closed_through(), 50 * kSecond);
  EXPECT_EQ(last_.progress.closed_through, 50 * kSecond);
  EXPECT_EQ(rows, (Rows{{{0, -5, "a"}, {1, 0}}, {{0, 0, "a"}, {1, 0}}}));
}

TEST_F(MergerTest, CountsTheWindowsThatClose) {
  EXPECT_EQ(merger_->windows_closed(0), 0u);
  // Those that end at 5, 10 and 15 hold records; one without records is none.
  ApplyAndTake(Frame().Count("a", 2).Count("b", 2).Count("a", 7).Move(At(0, 1, 12)));
  EXPECT_EQ(merger_->windows_closed(0), 2u);
  Take();
  EXPECT_EQ(merger_->windows_closed(0), 2u);
  ApplyAndTake(Frame().Count("a", 101).Move(At(0, 1, 90)));
  EXPECT_EQ(merger_->windows_closed(0), 3u);
  // What was counted before a restore is not counted again.
  Restore();
  Apply(Frame().Move(At(0, 1, 106)));
  merger_->DropChanges();
  ApplyAndTake(Frame().Move(At(0, 1, 200)));
  EXPECT_EQ(merger_->windows_closed(0), 1u);
}

// A slow partition: closed without it, because it was idle.
TEST_F(MergerTest, ASlowPartitionCorrectsWhatWasClosedWithoutIt) {
  Apply(Frame().Count("a", 2, 5).Count("b", 2, 1).Move(At(0, 2, 8)).Move(At(1, 2, 1)));
  Take();
  Apply(Frame().Move(At(0, 2, 8, 5)).Move(At(1, 2, 1, 5)));
  EXPECT_THAT(Take(), IsEmpty()) << "closing changes no row";
  EXPECT_EQ(merger_->closed_through(), 15 * kSecond);

  EXPECT_EQ(ApplyAndTake(Frame().Count("a", 3, 2).Move(At(1, 2, 3))),
            (Rows{{{0, -5, "a"}, {7, 1}}, {{0, 0, "a"}, {7, 1}}}));
  EXPECT_EQ(ApplyAndTake(Frame().Count("a", 4, 1).Count("a", 7, 1).Move(At(1, 2, 4))),
            (Rows{{{0, -5, "a"}, {8, 2}}, {{0, 0, "a"}, {9, 2}}, {{0, 5, "a"}, {1, 1}}}));
  EXPECT_EQ(ApplyAndTake(Frame().Count("c", 4)),
            (Rows{{{0, -5, "c"}, {1, 1}}, {{0, 0, "c"}, {1, 1}}}));
  EXPECT_EQ(last_.progress.expired, 0u);
}

TEST_F(MergerTest, ARevisionIsAFrameAndNotARecordOrACommit) {
  Apply(Frame().Count("a", 2).Move(At(0, 2, 8, 5)).Move(At(1, 2, 1, 5)));
  Take();
  Apply(Frame().Count("a", 3, 10).CountAfterCut(5, "a", 3, 10));
  Apply(Frame().Count("a", 3, 10));
  EXPECT_EQ(Take(), (Rows{{{0, -5, "a"}, {21, 2}}, {{0, 0, "a"}, {31, 2}}}));
}

TEST_F(MergerTest, WindowsStillOpenHaveNoRevision) {
  Apply(Frame().Count("a", 12).Move(At(0, 2, 14)).Move(At(1, 2, 14)));
  Take();
  // The frame closes [5,15), after its records have been counted there.
  EXPECT_EQ(ApplyAndTake(Frame().Count("a", 12).Move(At(0, 2, 15)).Move(At(1, 2, 15))),
            (Rows{{{0, 5, "a"}, {2, 0}}, {{0, 10, "a"}, {2, 0}}}));
}

TEST_F(MergerTest, ACutCorrectsOnlyTheWindowsAfterIt) {
  Apply(Frame().Count("a", 7, 1).Move(At(0, 2, 20)).Move(At(1, 2, 1, 30)));
  Take();
  ASSERT_EQ(merger_->closed_through(), 20 * kSecond);
  const Rows rows = ApplyAndTake(Frame().CountAfterCut(10, "a", 7, 1));
  EXPECT_EQ(rows.at({0, 5, "a"}), RowValue(2, 1));
  if (rows.count({0, 0, "a"}) > 0) {
    EXPECT_EQ(rows.at({0, 0, "a"}), RowValue(1, 0)) << "written again perhaps, but not changed";
  }
}

TEST_F(MergerTest, CellsGoWhenEverySourceHasPassedThem) {
  Apply(Frame().Count("a", 2).Count("a", 7).Count("b", 40).Move(At(0, 2, 50)).Move(At(1, 2, 0)));
  Take();
  EXPECT_EQ(merger_->cell_count(), 3u);
  Apply(Frame().Move(At(1, 2, 0, 60)));
  Take();
  EXPECT_EQ(merger_->closed_through(), 50 * kSecond);
  EXPECT_EQ(merger_->cell_count(), 3u) << "the idle source may correct them";
  Apply(Frame().Move(At(1, 2, 14)));
  Take();
  EXPECT_EQ(merger_->cell_count(), 2u) << "pane [0,5) is gone, pane [5,10) lies in [5,15)";
  EXPECT_EQ(merger_->group_count(), 2u);
  Apply(Frame().Move(At(1, 2, 15)));
  Take();
  EXPECT_EQ(merger_->cell_count(), 1u);
  EXPECT_EQ(merger_->group_count(), 1u);
  Apply(Frame().Move(At(1, 2, 50)));
  Take();
  EXPECT_EQ(merger_->cell_count(), 0u);
  EXPECT_EQ(merger_->group_count(), 0u);
}

TEST_F(MergerTest, RowsBesideForgottenPanesAreNotRewritten) {
  // [0,5) is forgotten at 10, [5,10) is not yet: the row [0,10) needs both.
  Apply(Frame().Count("a", 2, 5).Count("a", 7, 1).Move(At(0, 1, 12)));
  Take();
  ASSERT_EQ(merger_->cell_count(), 1u);
  EXPECT_EQ(ApplyAndTake(Frame().CountAfterCut(10, "a", 7)), (Rows{{{0, 5, "a"}, {2, 0}}}));
}

TEST_F(MergerTest, BeyondTheHorizonRecordsExpireAndRowsStay) {
  Apply(Frame().Count("a", 2, 5).Count("a", 12, 1).Move(At(0, 2, 12)).Move(At(1, 2, 0, 30)));
  Take();
  Apply(Frame().Move(At(0, 2, 1012)));
  Take();
  ASSERT_EQ(merger_->closed_through(), 1012 * kSecond);
  // Windows that end at or before 12 are out of reach for the slow source.
  EXPECT_THAT(ApplyAndTake(Frame().Count("a", 3, 7)), IsEmpty());
  EXPECT_EQ(last_.progress.expired, 7u);
  EXPECT_EQ(ApplyAndTake(Frame().Count("a", 7, 1)), (Rows{{{0, 5, "a"}, {2, 1}}}))
      << "[0,10) is out of reach, [5,15) is not";
  EXPECT_EQ(last_.progress.expired, 8u) << "also what expired for one of its windows";
}

TEST_F(MergerTest, ExpiredRecordsOfUnknownGroupsLeaveNothingBehind) {
  Apply(Frame().Move(At(0, 2, 2000)).Move(At(1, 2, 0, 30)));
  Take();
  Apply(Frame().Count("x", 3).Count("y", 3));
  EXPECT_EQ(merger_->cell_count(), 0u);
  EXPECT_EQ(merger_->group_count(), 0u);
  Take();
  EXPECT_EQ(last_.progress.expired, 2u);
  // Their numbers are free for others.
  EXPECT_EQ(ApplyAndTake(Frame().Count("z", 5000)),
            (Rows{{{0, 4995, "z"}, {1, 0}}, {{0, 5000, "z"}, {1, 0}}}));
}

TEST_F(MergerTest, APartitionAddedLaterCannotOverwriteWhatIsForgotten) {
  Apply(Frame().Count("a", 2, 5).Move(At(0, 1, 500)));
  Take();
  ASSERT_EQ(merger_->cell_count(), 0u);
  for (const bool restored : {false, true}) {
    if (restored) Restore();
    Apply(Frame().Count("a", 3, 1).Move(At(0, 2, 500)).Move(At(1, 2, 3)));
    EXPECT_THAT(Take(), IsEmpty()) << "restored " << restored;
    EXPECT_EQ(last_.progress.expired, restored ? 2u : 1u);
  }
}

TEST_F(MergerTest, LateRecordsAddUpByWindow) {
  Apply(Frame().Late(0, 2).Late(5, 1).Move(At(0, 1, 20)));
  Take();
  EXPECT_EQ(TakenLate(), (Late{{{0, 0}, 2}, {{0, 5}, 1}}));
  Apply(Frame().Late(5, 3));
  Apply(Frame().Late(5, 1).Late(-5, 1));
  Take();
  EXPECT_EQ(TakenLate(), (Late{{{0, -5}, 1}, {{0, 5}, 5}}));
  Take();
  EXPECT_THAT(TakenLate(), IsEmpty());
}

TEST_F(MergerTest, LateRecordsOfOlderWindowsShareARow) {
  Apply(Frame().Late(0, 2).Late(5, 1).Move(At(0, 1, 1010)));
  Take();
  EXPECT_EQ(TakenLate(), (Late{{{0, 0}, 2}, {{0, 5}, 1}}));
  // [0,10) is older than 1010 - 1000; [5,15) is not.
  Apply(Frame().Late(0, 10).Late(5, 10).Late(-500, 10));
  Take();
  EXPECT_EQ(TakenLate(), (Late{{{0, kOlder}, 20}, {{0, 5}, 11}}));
  Restore();
  Apply(Frame().Late(-5, 1));
  Take();
  EXPECT_EQ(TakenLate(), (Late{{{0, kOlder}, 21}}));
  Apply(Frame().Move(At(0, 1, 2000)));
  Take();
  EXPECT_THAT(ValueOf(merger_->Image()).views[0].cells.late, SizeIs(1))
      << "older windows are forgotten";
}

TEST_F(MergerTest, ProgressNamesTheSources) {
  SourcePosition second = At(1, 2, 30);
  second.counters.read = 7;
  Apply(Frame().Move(second));
  Take();
  ASSERT_THAT(last_.progress.sources, SizeIs(1));
  EXPECT_EQ(last_.progress.sources[0].partition, 1);
  EXPECT_EQ(last_.progress.sources[0].counters.read, 7u);
  EXPECT_EQ(last_.progress.closed_through, kNever);
  Apply(Frame().Move(At(0, 2, 30)));
  Take();
  ASSERT_THAT(last_.progress.sources, SizeIs(2));
  EXPECT_EQ(last_.progress.sources[0].partition, 0);
}

TEST_F(MergerTest, RemembersTheNewestRecordTime) {
  EXPECT_EQ(merger_->TakeChanges().progress.newest_record_time_ms, 0);
  windrow::aggregator::Frame frame;
  frame.record_times_ms = {70, 90, 80};
  merger_->Apply(frame);
  frame.record_times_ms = {85};
  merger_->Apply(frame);
  EXPECT_EQ(merger_->TakeChanges().progress.newest_record_time_ms, 90);
}

TEST_F(MergerTest, ReportsDrainsAndDiscontinuities) {
  SourcePosition position = At(0, 1, 12);
  position.end_offset = 10;
  Apply(Frame().Move(position));
  position.base_offset = 11;
  position.end_offset = 12;
  position.drain_generation = 4;
  Apply(Frame().Move(position));
  Take();
  EXPECT_EQ(last_.progress.discontinuities, 1u);
  EXPECT_EQ(last_.progress.drain_generation, 4);
  EXPECT_EQ(merger_->drain_generation(), 4);
  EXPECT_EQ(last_.progress.closed_through, 20 * kSecond);
  Restore();
  Apply(Frame());
  Take();
  EXPECT_EQ(last_.progress.discontinuities, 1u);
  EXPECT_EQ(last_.progress.drain_generation, 4);
}

TEST_F(MergerTest, DroppedChangesAreNotTaken) {
  Apply(Frame().Count("a", 2).Late(0, 1).Move(At(0, 2, 4)).Move(At(1, 2, 4)));
  merger_->DropChanges();
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_THAT(TakenLate(), IsEmpty());
  EXPECT_FALSE(last_.advanced);
  // But counted.
  EXPECT_EQ(ApplyAndTake(Frame().Count("a", 3).Late(0, 1)),
            (Rows{{{0, -5, "a"}, {2, 0}}, {{0, 0, "a"}, {2, 0}}}));
  EXPECT_EQ(TakenLate(), (Late{{{0, 0}, 2}}));
}

TEST_F(MergerTest, DroppingFreesWhatCanChangeNoMore) {
  Apply(Frame().Count("a", 2).Move(At(0, 1, 100)));
  merger_->DropChanges();
  EXPECT_EQ(merger_->cell_count(), 0u);
}

TEST_F(MergerTest, ASnapshotHoldsAllThatMatters) {
  Apply(Frame().Count("a", 2, 5).CountAfterCut(10, "b", 7, 1).Late(-5, 1).Move(At(0, 2, 8)));
  Apply(Frame().Move(At(0, 2, 8, 5)).Move(At(1, 2, 3, 5)));
  Apply(Frame().Count("a", 3, 1));
  Take();
  Restore();
  EXPECT_EQ(merger_->cell_count(), 2u);
  EXPECT_EQ(merger_->closed_through(), 15 * kSecond);
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(ApplyAndTake(Frame().Count("a", 3, 1).Count("b", 7, 1).Late(-5, 1)),
            (Rows{{{0, -5, "a"}, {7, 2}},
                  {{0, 0, "a"}, {7, 2}},
                  {{0, 0, "b"}, {1, 1}},
                  {{0, 5, "b"}, {2, 1}}}));
  EXPECT_EQ(TakenLate(), (Late{{{0, -5}, 2}}));
}

// Long windows that close are summed up from blocks of panes, which are kept.
TEST_F(MergerTest, BytesHoldTheBlocksOfPanes) {
  Start(PlanBuilder().View(64 * kSecond, kSecond).Emit(EmitMode::kFinal).Horizon(1000 * kSecond));
  FrameOf frame = Frame();
  for (int second = 0; second < 128; ++second) frame.Count("a", second);
  EXPECT_THAT(ApplyAndTake(frame.Move(At(0, 2, 0)).Move(At(1, 2, 0))), IsEmpty());
  const size_t without_blocks = merger_->bytes();
  // An idle source, which may go on, keeps what has closed.
  EXPECT_THAT(ApplyAndTake(Frame().Move(At(0, 2, 128)).Move(At(1, 2, 0, 100))), SizeIs(128));
  // Each pane is in blocks of 2 to 64 panes.
  const size_t with_blocks = merger_->bytes();
  EXPECT_GT(with_blocks, without_blocks + 64 * 40);
  // What changes is in no block any more.
  Apply(Frame().Count("a", 30));
  EXPECT_LT(merger_->bytes(), with_blocks);
  // Panes go with their blocks.
  ApplyAndTake(Frame().Move(At(0, 2, 1000)).Move(At(1, 2, 1000)));
  EXPECT_EQ(merger_->cell_count(), 0u);
  EXPECT_EQ(merger_->bytes(), 0u);
}

TEST_F(MergerTest, ManyPanesPerWindow) {
  Start(PlanBuilder().View(1440 * kSecond, kSecond));
  FrameOf frame = Frame();
  for (int second = 0; second < 3000; ++second) frame.Count("a", second);
  const Rows rows = ApplyAndTake(frame);
  ASSERT_THAT(rows, SizeIs(3000 + 1439));
  for (const auto& row : rows) {
    const int start = std::get<1>(row.first);
    const int expected = std::min(start + 1440, 3000) - std::max(start, 0);
    ASSERT_EQ(row.second.first, static_cast<uint64_t>(expected)) << start;
  }
}

}  // namespace
}  // namespace windrow::aggregator
