// What sink/frame_encoder.h writes, source/frame_decoder.h reads. Here, since the two may not know
// each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/snapshot_value.h"
#include "services/aggregator/sink/frame_encoder.h"
#include "services/aggregator/sink/snapshot_encoder.h"
#include "services/aggregator/source/frame_decoder.h"
#include "windrow/partials/v1/frame.pb.h"
#include "windrow/snapshots/v1/snapshot.pb.h"

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr size_t kMostBytes = 500'000;
constexpr EventSpan kMinute = kMicrosPerMinute;

PipelinePlan MakePlan(int views = 2) {
  PipelinePlan plan;
  plan.fields = {"type"};
  for (int i = 0; i < views; ++i) {
    // Windows of 10 minutes every 5, and of 15 every 10 with an offset: panes of 5.
    const auto window = i % 2 == 0 ? WindowSpec::Create(10 * kMinute, 5 * kMinute, 0)
                                   : WindowSpec::Create(15 * kMinute, 10 * kMinute, 2 * kMinute);
    plan.views.emplace_back();
    plan.views.back().id = absl::StrCat("view-", i);
    plan.views.back().window = *window;
    plan.views.back().group_fields = {0};
    plan.views.back().aggregates.emplace_back();
  }
  return plan;
}

DeltaCell MakeCell(int64_t pane, uint32_t group, EventTime cut, uint64_t accepted) {
  DeltaCell cell;
  cell.pane = pane;
  cell.group = group;
  cell.cut = cut;
  cell.accepted = accepted;
  return cell;
}

SourcePosition MakePosition(int partition) {
  SourcePosition position;
  position.partition = partition;
  position.partitions = 12;
  position.base_offset = 1'000'000'000'000 + partition;
  position.end_offset = 1'000'000'000'500 + partition;
  position.max_event_time = -2'208'988'800'000'001;  // 1900, less a microsecond
  position.watermark = -2'208'992'400'000'001;
  position.idle_for = 31 * kMicrosPerSecond;
  position.drain_generation = 7;
  position.plan_generation = 9;
  position.watermark_delay = 3'600'000'001;
  position.idle_policy = IdlePolicy{5'000'001, AllIdle::kCloseAfter, 7'000'000};
  position.counters.read = 123'456'789'012;
  position.counters.dead_lettered = 3;
  position.counters.redelivered = 4;
  position.counters.views = {{100, 2, 3, 4}, {0, 0, 0, std::numeric_limits<uint64_t>::max()}};
  return position;
}

void ExpectSame(const SourcePosition& got, const SourcePosition& want) {
  EXPECT_EQ(got.partition, want.partition);
  EXPECT_EQ(got.partitions, want.partitions);
  EXPECT_EQ(got.base_offset, want.base_offset);
  EXPECT_EQ(got.end_offset, want.end_offset);
  EXPECT_EQ(got.max_event_time, want.max_event_time);
  EXPECT_EQ(got.watermark, want.watermark);
  EXPECT_EQ(got.idle_for, want.idle_for);
  EXPECT_EQ(got.drain_generation, want.drain_generation);
  EXPECT_EQ(got.plan_generation, want.plan_generation);
  EXPECT_EQ(got.watermark_delay, want.watermark_delay);
  EXPECT_EQ(got.idle_policy, want.idle_policy);
  EXPECT_EQ(got.counters, want.counters);
}

// Cells and late counts as sets of plain values, summed over the deltas of a view.
struct Contents {
  std::map<std::tuple<int, int64_t, EventTime, std::string>, uint64_t> cells;
  std::map<std::pair<int, EventTime>, uint64_t> late;
  int repeated = 0;

  void Add(const ViewDelta& delta) {
    for (const DeltaCell& cell : delta.cells) {
      const auto id = std::make_tuple(delta.view, cell.pane, cell.cut, delta.groups[cell.group]);
      if (!cells.emplace(id, cell.accepted).second) ++repeated;
    }
    for (const LateCount& count : delta.late) {
      if (!late.emplace(std::make_pair(delta.view, count.window_start), count.records).second) {
        ++repeated;
      }
    }
  }
};

void ExpectSame(const Contents& got, const Contents& want) {
  EXPECT_EQ(got.repeated, 0);
  EXPECT_EQ(got.cells.size(), want.cells.size());
  EXPECT_TRUE(got.cells == want.cells);
  EXPECT_TRUE(got.late == want.late);
}

// Deltas of random cells, cuts and late counts.
ViewDelta RandomDelta(const PipelinePlan& plan, int view, size_t cells, size_t group_size,
                      std::mt19937_64* random) {
  const WindowSpec& window = *plan.views[view].window;
  ViewDelta delta;
  delta.view = view;
  std::set<std::tuple<int64_t, uint32_t, EventTime>> used;
  for (size_t i = 0; i < std::max<size_t>(1, cells / 3); ++i) {
    std::string group = absl::StrCat(view, "-", i, "-");
    // Any bytes: an encoded key is no text.
    while (group.size() < group_size) group.push_back(static_cast<char>((*random)() % 256));
    delta.groups.push_back(group);
  }
  while (delta.cells.size() < cells) {
    DeltaCell cell;
    cell.pane = static_cast<int64_t>((*random)() % 2'000'000) - 1'000'000;
    cell.group = static_cast<uint32_t>((*random)() % delta.groups.size());
    if ((*random)() % 3 == 0) {
      cell.cut = window.FirstWindowEnd(cell.pane);
      if ((*random)() % 2 == 0) cell.cut = window.LastWindowEnd(cell.pane);
    }
    cell.accepted = 1 + ((*random)() >> ((*random)() % 64)) / 2;
    if (used.emplace(cell.pane, cell.group, cell.cut).second) delta.cells.push_back(cell);
  }
  for (size_t i = 0; i < cells / 5; ++i) {
    delta.late.push_back({static_cast<EventTime>(i) * 5 * kMinute - 40'000 * kMinute, 1 + i});
  }
  return delta;
}

std::vector<Frame> DecodeAll(const PipelinePlan& plan, const std::vector<std::string>& records) {
  std::vector<Frame> frames;
  for (const std::string& record : records) {
    EXPECT_LT(record.size(), kMostBytes);
    absl::StatusOr<Frame> frame = DecodeFrame(plan, record);
    EXPECT_TRUE(frame.ok()) << frame.status();
    if (frame.ok()) frames.push_back(*std::move(frame));
  }
  return frames;
}

TEST(FrameCodec, KeepsAFrame) {
  const PipelinePlan plan = MakePlan();
  const WindowSpec& window = *plan.views[0].window;
  Frame frame;
  ViewDelta delta;
  delta.view = 1;
  delta.groups = {"a", std::string("\x00\xFF", 2), ""};
  delta.cells = {MakeCell(5, 0, kNever, 3), MakeCell(-7, 2, kNever, 1),
                 MakeCell(5, 1, plan.views[1].window->FirstWindowEnd(5), 2),
                 MakeCell(5, 1, kNever, 9),
                 MakeCell(1'000'000, 0, plan.views[1].window->LastWindowEnd(1'000'000), 1)};
  delta.late = {{-3 * kMinute, 4}, {0, 1}};
  frame.views = {delta};
  delta.view = 0;
  delta.cells = {MakeCell(5, 0, kNever, 3), MakeCell(-1, 2, window.FirstWindowEnd(-1), 1)};
  delta.late.clear();
  frame.views.push_back(delta);
  frame.positions = {MakePosition(3), SourcePosition()};
  frame.positions[1].partition = 4;
  frame.record_times_ms = {1'700'000'000'000, 0};

  const std::vector<std::string> records = EncodeFrame(plan, frame);
  ASSERT_THAT(records, SizeIs(1));
  const absl::StatusOr<Frame> decoded = DecodeFrame(plan, records[0]);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ASSERT_THAT(decoded->views, SizeIs(2));
  EXPECT_EQ(decoded->views[0].view, 1);
  Contents want;
  Contents got;
  for (const ViewDelta& view : frame.views) want.Add(view);
  for (const ViewDelta& view : decoded->views) got.Add(view);
  ExpectSame(got, want);
  ASSERT_THAT(decoded->positions, SizeIs(2));
  ExpectSame(decoded->positions[0], frame.positions[0]);
  // A source without a record: never stays never.
  ExpectSame(decoded->positions[1], frame.positions[1]);
  EXPECT_EQ(decoded->positions[1].watermark, kNever);
  EXPECT_EQ(decoded->positions[1].max_event_time, kNever);
  EXPECT_EQ(decoded->record_times_ms, frame.record_times_ms);
}

TEST(FrameCodec, TimeZeroIsNotNever) {
  const PipelinePlan plan = MakePlan();
  Frame frame;
  frame.positions = {SourcePosition()};
  frame.positions[0].watermark = 0;
  frame.positions[0].max_event_time = 0;
  const auto decoded = DecodeFrame(plan, EncodeFrame(plan, frame).at(0));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->positions[0].watermark, 0);
  EXPECT_EQ(decoded->positions[0].max_event_time, 0);
}

TEST(FrameCodec, AFrameWithoutPositionsIsNoRecord) {
  EXPECT_THAT(EncodeFrame(MakePlan(), Frame()), IsEmpty());
}

TEST(FrameCodec, KeepsRandomFrames) {
  const PipelinePlan plan = MakePlan();
  std::mt19937_64 random(1);
  for (int i = 0; i < 50; ++i) {
    Frame frame;
    for (int view = 0; view < 2; ++view) {
      frame.views.push_back(RandomDelta(plan, view, 1 + random() % 200, 10, &random));
    }
    frame.positions = {MakePosition(i)};
    Contents want;
    for (const ViewDelta& view : frame.views) want.Add(view);
    Contents got;
    for (const Frame& decoded : DecodeAll(plan, EncodeFrame(plan, frame))) {
      for (const ViewDelta& view : decoded.views) got.Add(view);
    }
    ExpectSame(got, want);
  }
}

// However large the batch: positions only behind all that was counted, since they close windows.
TEST(FrameCodec, SplitsLargeFrames) {
  struct Case {
    size_t cells;
    size_t group_size;
  };
  const PipelinePlan plan = MakePlan();
  std::mt19937_64 random(2);
  for (const Case& c : {Case{100'000, 12}, Case{20'000, 60}, Case{30, 66'000}}) {
    Frame frame;
    for (int view = 0; view < 2; ++view) {
      frame.views.push_back(RandomDelta(plan, view, c.cells, c.group_size, &random));
    }
    for (int p = 0; p < 12; ++p) frame.positions.push_back(MakePosition(p));
    const std::vector<std::string> records = EncodeFrame(plan, frame);
    EXPECT_GT(records.size(), 2u);
    const std::vector<Frame> frames = DecodeAll(plan, records);
    Contents want;
    for (const ViewDelta& view : frame.views) want.Add(view);
    Contents got;
    for (size_t i = 0; i < frames.size(); ++i) {
      for (const ViewDelta& view : frames[i].views) got.Add(view);
      EXPECT_THAT(frames[i].positions, SizeIs(i + 1 == frames.size() ? 12 : 0));
    }
    ExpectSame(got, want);
  }
}

TEST(FrameCodec, PositionsOfManySourcesGetTheirRoom) {
  const PipelinePlan plan = MakePlan();
  std::mt19937_64 random(3);
  Frame frame;
  frame.views = {RandomDelta(plan, 0, 9'000, 10, &random)};
  for (int p = 0; p < 3'000; ++p) frame.positions.push_back(MakePosition(p));
  const std::vector<Frame> frames = DecodeAll(plan, EncodeFrame(plan, frame));
  ASSERT_THAT(frames, SizeIs(2));
  EXPECT_THAT(frames[0].positions, IsEmpty());
  EXPECT_THAT(frames[1].positions, SizeIs(3'000));
}

MergeSnapshot RandomSnapshot(const PipelinePlan& plan, size_t cells, size_t revisions,
                             std::mt19937_64* random) {
  MergeSnapshot snapshot;
  snapshot.progress.closed_through = -17 * kMinute;
  snapshot.progress.unchangeable_through = -34 * kMinute;
  snapshot.progress.drain_generation = 5;
  snapshot.progress.expired = 6;
  snapshot.progress.discontinuities = 8;
  snapshot.progress.sources = {MakePosition(0), MakePosition(11)};
  for (size_t view = 0; view < plan.views.size(); ++view) {
    ViewSnapshot state;
    state.cells = RandomDelta(plan, static_cast<int>(view), cells, 10, random);
    state.cells.late.push_back({kOlderWindows, 99});
    for (size_t i = 0; i < revisions; ++i) {
      state.revisions.push_back({static_cast<EventTime>(i) * kMinute - 1000 * kMinute,
                                 absl::StrCat(std::string(180, 'g'), "-", view, "-", i),
                                 static_cast<uint32_t>(1 + i)});
    }
    snapshot.views.push_back(std::move(state));
  }
  return snapshot;
}

std::vector<std::string> EncodeSnapshot(const PipelinePlan& plan, const MergeSnapshot& snapshot,
                                        int64_t through) {
  return SnapshotEncoder(std::make_shared<const PipelinePlan>(plan), ImageOf(snapshot), through)
      .Encode();
}

using Revisions = std::map<std::tuple<int, EventTime, std::string>, uint32_t>;

void Collect(const MergeSnapshot& snapshot, Contents* contents, Revisions* revisions) {
  for (const ViewSnapshot& view : snapshot.views) {
    contents->Add(view.cells);
    for (const RowRevision& revision : view.revisions) {
      const auto id = std::make_tuple(view.cells.view, revision.window_start, revision.group);
      EXPECT_TRUE(revisions->emplace(id, revision.revision).second);
    }
  }
}

// A plan of windows and one of sessions, whose aggregates have states of each kind.
PipelinePlan StatefulPlan() {
  PipelinePlan plan = MakePlan();
  plan.views[1].window.reset();
  plan.views[1].session_gap = kMinute;
  using F = AggregateFunction;
  const std::vector<std::pair<F, ValueType>> aggregates = {
      {F::kCount, ValueType::kText},        {F::kSum, ValueType::kInteger},
      {F::kAvg, ValueType::kDouble},        {F::kMin, ValueType::kInteger},
      {F::kMax, ValueType::kDouble},        {F::kMin, ValueType::kText},
      {F::kTopK, ValueType::kText},         {F::kCountDistinct, ValueType::kText},
      {F::kCountDistinct, ValueType::kText}};
  for (ViewPlan& view : plan.views) {
    for (const auto& aggregate : aggregates) {
      AggregatePlan made;
      made.function = aggregate.first;
      made.type = aggregate.second;
      made.input = 0;
      // The last one is soon past it.
      made.limit = view.stateful.size() == 8 ? 3 : 10'000;
      view.stateful.push_back(made);
    }
  }
  return plan;
}

// A cell of as many values, texts of `text_size`.
DeltaCell StatefulCell(const ViewPlan& view, int values, size_t text_size,
                       std::mt19937_64* random) {
  DeltaCell cell = MakeCell(7, 0, kNever, values + 1);
  if (view.is_session()) cell.span = 5 * kMinute;
  cell.states = std::make_shared<CellStates>(view.stateful.size());
  for (int i = 0; i < values; ++i) {
    const auto integer = static_cast<int64_t>((*random)());
    std::string text = absl::StrCat(integer);
    text.resize(std::max(text.size(), text_size), 'x');
    for (size_t j = 0; j < view.stateful.size(); ++j) {
      InputValue value(integer);
      if (view.stateful[j].type == ValueType::kText) value = absl::string_view(text);
      if (view.stateful[j].type == ValueType::kDouble) value = static_cast<double>(integer) / 3;
      AddValue(view.stateful[j], value, &(*cell.states)[j]);
    }
  }
  return cell;
}

// Merges the parts of one cell.
Cell MergeParts(const ViewPlan& view, const std::vector<ViewDelta>& deltas) {
  Cell merged;
  for (const ViewDelta& delta : deltas) {
    for (const DeltaCell& cell : delta.cells) {
      EXPECT_EQ(cell.pane, 7);
      EXPECT_EQ(cell.span, view.is_session() ? 5 * kMinute : 0);
      merged.Add(view, cell.accepted, cell.states);
    }
  }
  return merged;
}

TEST(FrameCodec, KeepsStatesOfAnySize) {
  const PipelinePlan plan = StatefulPlan();
  std::mt19937_64 random(5);
  for (const auto& size :
       std::vector<std::pair<int, size_t>>{{0, 0}, {1, 0}, {50, 5}, {300, 9000}}) {
    for (int view = 0; view < 2; ++view) {
      Frame frame;
      frame.positions = {MakePosition(0)};
      frame.views.emplace_back();
      frame.views[0].view = view;
      frame.views[0].groups = {"g"};
      frame.views[0].cells = {StatefulCell(plan.views[view], size.first, size.second, &random)};
      std::vector<ViewDelta> deltas;
      const std::vector<std::string> records = EncodeFrame(plan, frame);
      for (const Frame& part : DecodeAll(plan, records)) {
        deltas.insert(deltas.end(), part.views.begin(), part.views.end());
      }
      const Cell merged = MergeParts(plan.views[view], deltas);
      EXPECT_EQ(merged.accepted, frame.views[0].cells[0].accepted);
      const Cell wanted{merged.accepted, frame.views[0].cells[0].states};
      EXPECT_EQ(merged.Values(plan.views[view]), wanted.Values(plan.views[view]));
      EXPECT_EQ(records.size() > 1, size.second == 9000);
    }
  }
}

TEST(SnapshotCodec, WritesALittleAtATime) {
  const PipelinePlan plan = StatefulPlan();
  std::mt19937_64 random(6);
  MergeSnapshot snapshot;
  for (int view = 0; view < 2; ++view) {
    snapshot.views.emplace_back();
    snapshot.views[view].cells.view = view;
    snapshot.views[view].cells.groups = {"g"};
    snapshot.views[view].cells.cells = {StatefulCell(plan.views[view], 300, 9000, &random)};
    snapshot.views[view].cells.late = {{kOlderWindows, 3}};
    snapshot.views[view].revisions = {{0, "g", 1}};
  }
  const auto shared_plan = std::make_shared<const PipelinePlan>(plan);
  const std::vector<std::string> at_once =
      SnapshotEncoder(shared_plan, ImageOf(snapshot), 9).Encode();
  SnapshotEncoder encoder(shared_plan, ImageOf(snapshot), 9);
  std::vector<std::string> records;
  while (!encoder.done()) {
    const std::vector<std::string> next = encoder.Encode(1);
    EXPECT_LT(next.size(), at_once.size());
    records.insert(records.end(), next.begin(), next.end());
  }
  EXPECT_EQ(records, at_once);
  EXPECT_THAT(encoder.Encode(), IsEmpty());

  SnapshotDecoder decoder(&plan);
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_LT(records[i].size(), kMostBytes);
    const absl::StatusOr<bool> complete = decoder.Add(records[i]);
    ASSERT_TRUE(complete.ok()) << complete.status();
    EXPECT_EQ(*complete, i + 1 == records.size());
  }
  for (int view = 0; view < 2; ++view) {
    std::vector<ViewDelta> deltas;
    for (const ViewSnapshot& part : decoder.snapshot().views) {
      if (part.cells.view == view) deltas.push_back(part.cells);
    }
    const Cell wanted{301, snapshot.views[view].cells.cells[0].states};
    const Cell merged = MergeParts(plan.views[view], deltas);
    EXPECT_EQ(merged.accepted, 301u);
    EXPECT_EQ(merged.Values(plan.views[view]), wanted.Values(plan.views[view]));
  }
}

TEST(SnapshotCodec, KeepsSnapshotsOfAnySize) {
  struct Case {
    size_t cells;
    size_t revisions;
    size_t least_records;
  };
  const PipelinePlan plan = MakePlan(3);
  std::mt19937_64 random(4);
  for (const Case& c : {Case{0, 0, 1}, Case{10, 3, 1}, Case{5'000, 20'000, 4}, Case{60'000, 10, 5},
                        Case{300, 40'000, 6}}) {
    const MergeSnapshot snapshot = RandomSnapshot(plan, c.cells, c.revisions, &random);
    const std::vector<std::string> records = EncodeSnapshot(plan, snapshot, 77);
    EXPECT_GE(records.size(), c.least_records);
    SnapshotDecoder decoder(&plan);
    for (size_t i = 0; i < records.size(); ++i) {
      EXPECT_LT(records[i].size(), kMostBytes);
      const absl::StatusOr<bool> complete = decoder.Add(records[i]);
      ASSERT_TRUE(complete.ok()) << complete.status();
      EXPECT_EQ(*complete, i + 1 == records.size());
    }
    EXPECT_EQ(decoder.through(), 77);
    const MergeProgress& progress = decoder.snapshot().progress;
    EXPECT_EQ(progress.closed_through, snapshot.progress.closed_through);
    EXPECT_EQ(progress.unchangeable_through, snapshot.progress.unchangeable_through);
    EXPECT_EQ(progress.drain_generation, 5);
    EXPECT_EQ(progress.expired, 6);
    EXPECT_EQ(progress.discontinuities, 8);
    ASSERT_THAT(progress.sources, SizeIs(2));
    ExpectSame(progress.sources[1], snapshot.progress.sources[1]);
    Contents want;
    Contents got;
    Revisions want_revisions;
    Revisions got_revisions;
    Collect(snapshot, &want, &want_revisions);
    Collect(decoder.snapshot(), &got, &got_revisions);
    ExpectSame(got, want);
    EXPECT_TRUE(got_revisions == want_revisions);
  }
}

TEST(SnapshotCodec, CellsBehindManyRevisionsGetTheirRoom) {
  const PipelinePlan plan = MakePlan();
  std::mt19937_64 random(8);
  MergeSnapshot snapshot = RandomSnapshot(plan, 1, 1'750, &random);
  snapshot.views[1].cells = RandomDelta(plan, 1, 9'000, 10, &random);
  for (const std::string& record : EncodeSnapshot(plan, snapshot, 1)) {
    EXPECT_LT(record.size(), kMostBytes);
  }
}

TEST(SnapshotCodec, BeforeTheFirstCloseThereIsNone) {
  const PipelinePlan plan = MakePlan();
  SnapshotDecoder decoder(&plan);
  const std::vector<std::string> records = EncodeSnapshot(plan, MergeSnapshot(), 0);
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_TRUE(*decoder.Add(records[0]));
  EXPECT_EQ(decoder.snapshot().progress.closed_through, kNever);
  EXPECT_EQ(decoder.snapshot().progress.unchangeable_through, kNever);
}

TEST(SnapshotCodec, RefusesRecordsOutOfOrder) {
  const PipelinePlan plan = MakePlan();
  std::mt19937_64 random(5);
  const MergeSnapshot snapshot = RandomSnapshot(plan, 30'000, 10, &random);
  const std::vector<std::string> records = EncodeSnapshot(plan, snapshot, 5);
  const std::vector<std::string> later = EncodeSnapshot(plan, snapshot, 6);
  ASSERT_GT(records.size(), 2u);
  const auto refused = [&](const std::vector<std::string>& order) {
    SnapshotDecoder decoder(&plan);
    for (size_t i = 0; i + 1 < order.size(); ++i) EXPECT_TRUE(decoder.Add(order[i]).ok());
    return decoder.Add(order.back()).status().code();
  };
  EXPECT_EQ(refused({records[1]}), absl::StatusCode::kDataLoss);
  EXPECT_EQ(refused({records[0], records[0]}), absl::StatusCode::kDataLoss);
  EXPECT_EQ(refused({records[0], records[2]}), absl::StatusCode::kDataLoss);
  EXPECT_EQ(refused({records[0], later[1]}), absl::StatusCode::kDataLoss);
}

TEST(CheckpointCodec, KeepsEveryIdlePolicy) {
  for (const AllIdle all_idle : {AllIdle::kWallClock, AllIdle::kCloseAfter, AllIdle::kWait}) {
    SourcePosition position;
    position.idle_policy = IdlePolicy{0, all_idle, 1};
    const auto decoded = DecodeSourceCheckpoint(EncodeSourceCheckpoint(position));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(decoded->idle_policy, position.idle_policy);
  }
}

TEST(CheckpointCodec, KeepsASourcesPosition) {
  for (SourcePosition position : {MakePosition(3), SourcePosition()}) {
    const auto decoded = DecodeSourceCheckpoint(EncodeSourceCheckpoint(position));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ExpectSame(*decoded, position);
  }
}

// The broker refuses metadata above 4,096 bytes; pipeline_loader.cc allows 16 views.
TEST(CheckpointCodec, FitsIntoTheMetadataOfAnOffset) {
  constexpr auto kMost = std::numeric_limits<uint64_t>::max();
  SourcePosition position = MakePosition(999'999);
  position.partitions = 1'000'000;
  position.base_offset = position.end_offset = std::numeric_limits<int64_t>::max();
  position.max_event_time = position.watermark = -300'000'000'000'000'000;
  position.drain_generation = std::numeric_limits<int64_t>::max();
  position.plan_generation = std::numeric_limits<int64_t>::max();
  position.watermark_delay = 300'000'000'000'000'000;
  position.idle_policy =
      IdlePolicy{300'000'000'000'000'000, AllIdle::kWait, 300'000'000'000'000'000};
  position.counters.read = position.counters.dead_lettered = position.counters.redelivered = kMost;
  position.counters.views.assign(16, {kMost, kMost, kMost, kMost});
  const std::string metadata = EncodeSourceCheckpoint(position);
  EXPECT_LE(metadata.size(), 4'096u);
  const auto decoded = DecodeSourceCheckpoint(metadata);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ExpectSame(*decoded, position);
}

TEST(CheckpointCodec, KeepsWhereAMergeStarts) {
  const std::string none = EncodeMergeCheckpoint(absl::nullopt, 0);
  EXPECT_EQ(none, "");
  EXPECT_EQ(DecodeMergeCheckpoint(none)->snapshot_offset, absl::nullopt);
  for (const int64_t offset : {int64_t{0}, int64_t{1}, std::numeric_limits<int64_t>::max()}) {
    const auto start = DecodeMergeCheckpoint(EncodeMergeCheckpoint(offset, offset / 2));
    ASSERT_TRUE(start.ok()) << start.status();
    EXPECT_THAT(start->snapshot_offset, Optional(Eq(offset)));
    EXPECT_EQ(start->snapshot_through, offset / 2);
  }
}

TEST(CheckpointCodec, RefusesOtherMetadata) {
  for (const char* metadata :
       {"x", "{", "[]", "{\"endOffset\":\"x\"}", "{\"endOffset\":-1}",
        "{\"sourcePartition\":4294967295}", "{\"idleForMs\":\"-1\"}",
        "{\"watermarkUs\":\"9223372036854775807\"}", "{\"new\":1}", "{\"watermarkDelayUs\":\"-1\"}",
        "{\"idlePolicy\":{}}", "{\"idlePolicy\":{\"allIdle\":4}}",
        "{\"idlePolicy\":{\"allIdle\":1,\"closeAfterUs\":\"-1\"}}"}) {
    EXPECT_EQ(DecodeSourceCheckpoint(metadata).status().code(), absl::StatusCode::kDataLoss)
        << metadata;
  }
  // An offset that somebody else committed has none.
  EXPECT_EQ(DecodeSourceCheckpoint("").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeMergeCheckpoint("x").status().code(), absl::StatusCode::kDataLoss);
}

class MalformedFrame : public testing::Test {
 protected:
  MalformedFrame() {
    proto_.set_format_version(1);
    delta_ = proto_.add_views();
    delta_->add_groups("a");
    AddCell(5, 0, 1);
  }
  void AddCell(int64_t step, uint32_t group, uint64_t accepted) {
    delta_->add_pane_steps(step);
    delta_->add_group_indexes(group);
    delta_->add_accepted(accepted);
  }
  absl::StatusCode Code() const {
    return DecodeFrame(plan_, proto_.SerializeAsString()).status().code();
  }

  const PipelinePlan plan_ = MakePlan();
  partials::v1::Frame proto_;
  partials::v1::ViewDelta* delta_ = nullptr;
};

TEST_F(MalformedFrame, IsUnderstoodAsItIs) { EXPECT_EQ(Code(), absl::StatusCode::kOk); }

TEST_F(MalformedFrame, OfAFutureVersion) {
  proto_.set_format_version(2);
  const absl::Status status = DecodeFrame(plan_, proto_.SerializeAsString()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("version 2"));

  snapshots::v1::SnapshotRecord snapshot;
  snapshot.set_format_version(2);
  EXPECT_EQ(SnapshotDecoder(&plan_).Add(snapshot.SerializeAsString()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(MalformedFrame, WithoutVersion) {
  EXPECT_EQ(DecodeFrame(plan_, "").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(SnapshotDecoder(&plan_).Add("").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(MalformedFrame, WithAnUnknownView) {
  delta_->set_view(2);
  EXPECT_EQ(Code(), absl::StatusCode::kDataLoss);
}

TEST_F(MalformedFrame, WithColumnsOfDifferentLength) {
  delta_->add_pane_steps(1);
  EXPECT_EQ(Code(), absl::StatusCode::kDataLoss);
  delta_->add_group_indexes(0);
  EXPECT_EQ(Code(), absl::StatusCode::kDataLoss);
  delta_->add_accepted(1);
  EXPECT_EQ(Code(), absl::StatusCode::kOk);
  delta_->add_cuts_us(0);
  EXPECT_EQ(Code(), absl::StatusCode::kDataLoss);
}

TEST_F(MalformedFrame, WithAGroupThatIsNotThere) {
  AddCell(1, 1, 1);
  EXPECT_EQ(Code(), absl::StatusCode::kDataLoss);
}

TEST_F(MalformedFrame, WithACellThatCountsNothing) {
  AddCell(1, 0, 0);
  EXPECT_EQ(Code(), absl::StatusCode::kDataLoss);
}

TEST_F(MalformedFrame, WithPanesBeyondAllTime) {
  for (const int64_t step : {std::numeric_limits<int64_t>::max(),
                             std::numeric_limits<int64_t>::min(), int64_t{1} << 40}) {
    delta_->set_pane_steps(0, step);
    EXPECT_EQ(Code(), absl::StatusCode::kDataLoss) << step;
  }
}

// A cut from which merge would count windows for ages.
TEST_F(MalformedFrame, WithACutThatIsNoEndOfAWindow) {
  delta_->add_cuts_us(10 * kMinute);
  EXPECT_EQ(Code(), absl::StatusCode::kOk);
  for (const int64_t cut :
       {int64_t{1}, kMinute, 7 * kMinute, 15 * kMinute, -5 * kMinute, -300'000'000'000'000'000,
        std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    delta_->set_cuts_us(0, cut);
    EXPECT_EQ(Code(), absl::StatusCode::kDataLoss) << cut;
  }
}

TEST_F(MalformedFrame, WithPositionsThatMakeNoSense) {
  const auto code = [&](auto change) {
    proto_.clear_positions();
    change(proto_.add_positions());
    return Code();
  };
  using Position = partials::v1::SourcePosition;
  EXPECT_EQ(code([](Position* p) { p->set_source_partition(4'000'000'000); }),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(code([](Position* p) { p->set_source_partitions(2'000'000'000); }),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(code([](Position* p) { p->set_base_offset(-1); }), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code([](Position* p) { p->set_end_offset(-1); }), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code([](Position* p) { p->set_idle_for_ms(-1); }), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code([](Position* p) { p->set_idle_for_ms(int64_t{1} << 62); }),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(code([](Position* p) { p->set_watermark_us(int64_t{1} << 62); }),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(code([](Position* p) { p->set_max_event_time_us(-(int64_t{1} << 62)); }),
            absl::StatusCode::kDataLoss);
}

TEST_F(MalformedFrame, CutOffAnywhere) {
  proto_.add_positions()->set_end_offset(1'000'000);
  const std::string whole = proto_.SerializeAsString();
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto decoded = DecodeFrame(plan_, absl::string_view(whole).substr(0, size));
    // Protobuf has no end mark: what is cut between two fields is a shorter message.
    EXPECT_THAT(decoded.status().code(),
                testing::AnyOf(absl::StatusCode::kOk, absl::StatusCode::kDataLoss));
  }
}

// Whatever stands in the log: an error or a frame that merge can take, never a crash.
TEST(CodecFuzz, MutatedFramesAreRefusedOrCanBeApplied) {
  const auto plan = std::make_shared<const PipelinePlan>(MakePlan());
  std::mt19937_64 random(6);
  Frame frame;
  for (int view = 0; view < 2; ++view) {
    frame.views.push_back(RandomDelta(*plan, view, 12, 6, &random));
  }
  frame.positions = {MakePosition(0), MakePosition(1)};
  const std::string whole = EncodeFrame(*plan, frame).at(0);
  const std::string snapshot = [&] {
    return EncodeSnapshot(*plan, RandomSnapshot(*plan, 12, 3, &random), 1).at(0);
  }();
  int applied = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string record = i % 2 == 0 ? whole : snapshot;
    for (int change = 1 + static_cast<int>(random() % 3); change > 0; --change) {
      record[random() % record.size()] = static_cast<char>(random() % 256);
    }
    if (i % 5 == 0) record.resize(random() % record.size());
    Merger merger(plan);
    if (i % 2 == 0) {
      const auto decoded = DecodeFrame(*plan, record);
      if (!decoded.ok()) continue;
      // A source topic of a million partitions is possible, but slow.
      if (std::any_of(decoded->positions.begin(), decoded->positions.end(),
                      [](const auto& p) { return std::max(p.partition, p.partitions) > 1000; })) {
        continue;
      }
      merger.Apply(*decoded);
    } else {
      SnapshotDecoder decoder(plan.get());
      const auto complete = decoder.Add(record);
      if (!complete.ok() || !*complete) continue;
      const auto& sources = decoder.snapshot().progress.sources;
      if (std::any_of(sources.begin(), sources.end(),
                      [](const auto& p) { return std::max(p.partition, p.partitions) > 1000; })) {
        continue;
      }
      merger.Restore(decoder.snapshot());
    }
    merger.TakeChanges();
    ++applied;
  }
  EXPECT_GT(applied, 1'000);
}

TEST(CodecFuzz, SurvivesRandomBytes) {
  const PipelinePlan plan = MakePlan();
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string record(random() % 100, '\0');
    for (char& c : record) c = static_cast<char>(random() % 256);
    (void)DecodeFrame(plan, record);
    (void)SnapshotDecoder(&plan).Add(record);
    (void)DecodeSourceCheckpoint(record);
    (void)DecodeMergeCheckpoint(record);
  }
}

}  // namespace
}  // namespace windrow::aggregator
