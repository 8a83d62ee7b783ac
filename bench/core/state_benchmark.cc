// What it takes to hold, copy and write a million open cells.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/aggregator/core/group_key.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/plan_builder.h"
#include "services/aggregator/sink/snapshot_encoder.h"

namespace windrow::bench {
namespace {

using namespace windrow::aggregator;

constexpr int64_t kCells = 1'000'000;
// Of a pipeline that says nothing else: only one of them is copied with a commit.
constexpr int64_t kMergePartitions = 4;
constexpr size_t kBytesPerCommit = 1'000'000;
constexpr uint32_t kCellsPerFrame = 10'000;

std::string GroupKey(int64_t group) {
  std::string key;
  AppendGroupValue(absl::string_view(absl::StrCat("a street of some length ", group)), &key);
  return key;
}

// Processor time of this thread: what else the machine does meanwhile is not in it.
double ThreadMilliseconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// `groups` groups with as many panes each as make `cells` cells.
std::unique_ptr<Merger> MakeMerger(const std::shared_ptr<const PipelinePlan>& plan, int64_t cells,
                                   int64_t groups) {
  auto merger = std::make_unique<Merger>(plan);
  Frame frame;
  frame.views.emplace_back();
  for (int64_t group = 0; group < groups; ++group) {
    frame.views[0].groups.push_back(GroupKey(group));
  }
  for (int64_t i = 0; i < cells; ++i) {
    DeltaCell cell;
    cell.pane = i / groups;
    cell.group = static_cast<uint32_t>(i % groups);
    cell.accepted = 1;
    frame.views[0].cells.push_back(std::move(cell));
  }
  merger->Apply(frame);
  merger->DropChanges();
  return merger;
}

std::shared_ptr<const PipelinePlan> MakePlan() {
  return PlanBuilder().View(10 * kMicrosPerMinute, 5 * kMicrosPerMinute).Build();
}

// The copy that is made within one commit.
void CopyState(benchmark::State& state) {
  const auto merger = MakeMerger(MakePlan(), state.range(0), state.range(1));
  for (auto _ : state) {
    MergeImage image = merger->Image();
    state.PauseTiming();
    image = MergeImage();
    state.ResumeTiming();
  }
  state.counters["bytes"] = static_cast<double>(merger->bytes());
}
BENCHMARK(CopyState)
    ->ArgNames({"cells", "groups"})
    ->Args({kCells / kMergePartitions, 250})
    ->Args({kCells / kMergePartitions, kCells / kMergePartitions})
    ->Args({kCells, 1})
    ->Args({kCells, 1'000})
    ->Args({kCells, kCells})
    ->Unit(benchmark::kMillisecond);

// Frames that change cells all over a state of `cells` cells.
std::vector<Frame> MakeFrames(int64_t cells, int64_t groups) {
  constexpr int kFrames = 100;
  std::mt19937 random(1);
  std::vector<Frame> frames(kFrames);
  for (Frame& frame : frames) {
    frame.views.emplace_back();
    for (uint32_t i = 0; i < kCellsPerFrame; ++i) {
      const int64_t number = random() % cells;
      frame.views[0].groups.push_back(GroupKey(number % groups));
      DeltaCell cell;
      cell.pane = number / groups;
      cell.group = i;
      cell.accepted = 1;
      frame.views[0].cells.push_back(std::move(cell));
    }
  }
  return frames;
}

// One iteration is a frame.
void ApplyFrames(benchmark::State& state) {
  const auto merger = MakeMerger(MakePlan(), state.range(0), state.range(1));
  const std::vector<Frame> frames = MakeFrames(state.range(0), state.range(1));
  size_t next = 0;
  for (auto _ : state) {
    merger->Apply(frames[next++ % frames.size()]);
    state.PauseTiming();
    merger->DropChanges();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * kCellsPerFrame);
}
BENCHMARK(ApplyFrames)
    ->ArgNames({"cells", "groups"})
    ->Args({10'000, 1'000})
    ->Args({kCells, 1})
    ->Args({kCells, 1'000})
    ->Args({kCells, kCells})
    ->Unit(benchmark::kMillisecond);

// The same, each frame the first one after a snapshot was begun: it copies what they share.
void ApplyFrameWhileShared(benchmark::State& state) {
  const auto merger = MakeMerger(MakePlan(), state.range(0), state.range(1));
  const std::vector<Frame> frames = MakeFrames(state.range(0), state.range(1));
  size_t next = 0;
  double longest_ms = 0;
  for (auto _ : state) {
    state.PauseTiming();
    MergeImage image = merger->Image();
    state.ResumeTiming();
    const double begin = ThreadMilliseconds();
    merger->Apply(frames[next++ % frames.size()]);
    longest_ms = std::max(longest_ms, ThreadMilliseconds() - begin);
    state.PauseTiming();
    image = MergeImage();
    merger->DropChanges();
    state.ResumeTiming();
  }
  state.counters["longest_ms"] = longest_ms;
}
BENCHMARK(ApplyFrameWhileShared)
    ->ArgNames({"cells", "groups"})
    ->Args({kCells, 1})
    ->Args({kCells, 1'000})
    ->Args({kCells, kCells})
    ->Unit(benchmark::kMillisecond);

// What each following commit writes; the longest of all counts.
void WriteState(benchmark::State& state) {
  const auto plan = MakePlan();
  const auto merger = MakeMerger(plan, state.range(0), state.range(1));
  double longest_ms = 0;
  int64_t parts = 0;
  for (auto _ : state) {
    state.PauseTiming();
    SnapshotEncoder encoder(plan, merger->Image(), 1);
    state.ResumeTiming();
    while (!encoder.done()) {
      const double begin = ThreadMilliseconds();
      benchmark::DoNotOptimize(encoder.Encode(kBytesPerCommit));
      longest_ms = std::max(longest_ms, ThreadMilliseconds() - begin);
      ++parts;
    }
  }
  state.counters["longest_ms"] = longest_ms;
  state.counters["commits"] = static_cast<double>(parts) / static_cast<double>(state.iterations());
}
BENCHMARK(WriteState)
    ->ArgNames({"cells", "groups"})
    ->Args({kCells, 1'000})
    ->Args({kCells, kCells})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace windrow::bench
