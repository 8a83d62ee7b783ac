// What it takes to hold, copy and write a million open cells.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
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

// `groups` groups with as many panes each as make `cells` cells.
std::unique_ptr<Merger> MakeMerger(const std::shared_ptr<const PipelinePlan>& plan, int64_t cells,
                                   int64_t groups) {
  auto merger = std::make_unique<Merger>(plan);
  Frame frame;
  frame.views.emplace_back();
  for (int64_t group = 0; group < groups; ++group) {
    frame.views[0].groups.emplace_back();
    AppendGroupValue(absl::string_view(absl::StrCat("a street of some length ", group)),
                     &frame.views[0].groups.back());
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
    MergeSnapshot snapshot = merger->Snapshot();
    state.PauseTiming();
    snapshot = MergeSnapshot();
    state.ResumeTiming();
  }
  state.counters["bytes"] = static_cast<double>(merger->bytes());
}
BENCHMARK(CopyState)
    ->ArgNames({"cells", "groups"})
    ->Args({kCells / kMergePartitions, 250})
    ->Args({kCells / kMergePartitions, kCells / kMergePartitions})
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
    SnapshotEncoder encoder(plan, merger->Snapshot(), 1);
    state.ResumeTiming();
    while (!encoder.done()) {
      const auto begin = std::chrono::steady_clock::now();
      benchmark::DoNotOptimize(encoder.Encode(kBytesPerCommit));
      const std::chrono::duration<double, std::milli> taken =
          std::chrono::steady_clock::now() - begin;
      longest_ms = std::max(longest_ms, taken.count());
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
