// What it takes to count a record, and to write the rows of windows that close.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "bench/core/call_stream.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/group_key.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/plan_builder.h"
#include "services/aggregator/sink/result_encoder.h"

namespace windrow::bench {
namespace {

using namespace windrow::aggregator;

constexpr int64_t kPerSecond = 1'000;
constexpr int64_t kPerMinute = 60 * kPerSecond;
constexpr int kTypes = 200;
constexpr int64_t kMinutes = 20;
constexpr int64_t kBatch = 20'000;
constexpr int64_t kSparseBatches = 100;
constexpr int64_t kSparseBatch = 3'000;
constexpr EventTime kNoSkew = std::numeric_limits<EventTime>::max() / 4;

const std::vector<Call>& Stream() {
  static const auto* calls = new std::vector<Call>(
      MakeCalls((kMinutes + 1) * kPerMinute, kMicrosPerSecond / kPerSecond, kTypes));
  return *calls;
}

// 1.4 calls a minute.
const std::vector<Call>& SparseStream() {
  static const auto* calls = new std::vector<Call>(
      MakeCalls(kSparseBatches * kSparseBatch, 43 * kMicrosPerSecond, kTypes));
  return *calls;
}

enum class Values { kCount, kSumAndMax, kDistinctAndTop };

std::shared_ptr<const PipelinePlan> MakePlan(EventSpan size, EventSpan slide, Values values) {
  PlanBuilder builder;
  builder.Delay(kMicrosPerMinute).View(size, slide).Emit(EmitMode::kFinal);
  if (values == Values::kSumAndMax) {
    builder.Aggregate(AggregateFunction::kSum, 1, ValueType::kDouble)
        .Aggregate(AggregateFunction::kMax, 1, ValueType::kInteger);
  } else if (values == Values::kDistinctAndTop) {
    builder.Aggregate(AggregateFunction::kCountDistinct, 1, ValueType::kText, 1'000)
        .Aggregate(AggregateFunction::kTopK, 1, ValueType::kText, 10);
  }
  return builder.Build();
}

// Counts calls in the order of the stream.
class Counter {
 public:
  explicit Counter(std::shared_ptr<const PipelinePlan> plan,
                   const std::vector<Call>& stream = Stream())
      : combiner_(Combiner::Create(std::move(plan)).value()), stream_(stream) {
    combiner_.AddSource(SourcePosition());
    combiner_.SetPartitions(1);
    fields_.values.resize(2);
    for (int i = 0; i < 100; ++i) numbers_.push_back(absl::StrCat(i * 37 % 100));
  }

  Frame Count(int64_t records) {
    for (int64_t i = 0; i < records; ++i) {
      const Call& call = stream_[next_ % stream_.size()];
      fields_.event_time = call.time;
      fields_.values[0] = call.type;
      fields_.values[1] = numbers_[next_ % numbers_.size()];
      benchmark::DoNotOptimize(combiner_.Add(0, next_, kNoSkew, fields_));
      ++next_;
    }
    return std::move(combiner_.Seal().frames[0]);
  }

 private:
  Combiner combiner_;
  const std::vector<Call>& stream_;
  RecordFields fields_;
  std::vector<std::string> numbers_;
  int64_t next_ = 0;
};

// Windows as full as they are after a day of the stream: a record of each type in each minute.
void FillDay(const PipelinePlan& plan, Merger* merger) {
  const WindowSpec& window = *plan.views[0].window;
  Frame frame;
  frame.views.emplace_back();
  for (int type = 0; type < kTypes; ++type) {
    frame.views[0].groups.emplace_back();
    AppendGroupValue(absl::string_view(absl::StrCat("Crime Type ", type)),
                     &frame.views[0].groups.back());
  }
  const int64_t end_pane = window.PaneOf(kStreamBegin);
  const int64_t panes = std::min(window.panes_per_window(), kMicrosPerDay / window.pane_length());
  for (int64_t pane = end_pane - panes; pane < end_pane; ++pane) {
    for (int type = 0; type < kTypes; ++type) {
      DeltaCell cell;
      cell.pane = pane;
      cell.group = type;
      cell.accepted = 1;
      if (!plan.views[0].stateful.empty()) {
        cell.states = std::make_shared<CellStates>(plan.views[0].stateful.size());
      }
      frame.views[0].cells.push_back(std::move(cell));
    }
  }
  merger->Apply(frame);
  merger->TakeChanges();
}

// Parses times, combines, merges and closes; one iteration is a minute of the stream.
void CountAndClose(benchmark::State& state, EventSpan size, EventSpan slide, Values values) {
  const auto plan = MakePlan(size, slide, values);
  Counter counter(plan);
  Merger merger(plan);
  FillDay(*plan, &merger);
  int64_t rows = 0;
  const auto minute = [&] {
    for (int64_t records = 0; records < kPerMinute; records += kBatch) {
      merger.Apply(counter.Count(kBatch));
      rows += static_cast<int64_t>(merger.TakeChanges().views[0].rows.size());
    }
  };
  // The first close sums up what was filled in.
  minute();
  for (auto _ : state) minute();
  state.SetItemsProcessed(state.iterations() * kPerMinute);
  state.counters["rows"] = static_cast<double>(rows);
}

constexpr EventSpan kHours24 = 24 * kMicrosPerHour;
BENCHMARK_CAPTURE(CountAndClose, 10_min_every_5, 10 * kMicrosPerMinute, 5 * kMicrosPerMinute,
                  Values::kCount)
    ->Iterations(kMinutes);
BENCHMARK_CAPTURE(CountAndClose, 24_h_every_1_min, kHours24, kMicrosPerMinute, Values::kCount)
    ->Iterations(kMinutes);
BENCHMARK_CAPTURE(CountAndClose, 10_min_every_5_sum_max, 10 * kMicrosPerMinute,
                  5 * kMicrosPerMinute, Values::kSumAndMax)
    ->Iterations(kMinutes);
BENCHMARK_CAPTURE(CountAndClose, 24_h_every_1_min_sum_max, kHours24, kMicrosPerMinute,
                  Values::kSumAndMax)
    ->Iterations(kMinutes);
BENCHMARK_CAPTURE(CountAndClose, 10_min_every_5_distinct_top, 10 * kMicrosPerMinute,
                  5 * kMicrosPerMinute, Values::kDistinctAndTop)
    ->Iterations(kMinutes);

void Combine(benchmark::State& state, Values values) {
  Counter counter(MakePlan(10 * kMicrosPerMinute, 5 * kMicrosPerMinute, values));
  for (auto _ : state) counter.Count(kBatch);
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK_CAPTURE(Combine, count, Values::kCount);
BENCHMARK_CAPTURE(Combine, sum_max, Values::kSumAndMax);
BENCHMARK_CAPTURE(Combine, distinct_top, Values::kDistinctAndTop);

// Each record changes windows of its own, and their rows are written; one iteration is a batch.
void CountAndWriteSparse(benchmark::State& state) {
  PlanBuilder builder;
  builder.Delay(kMicrosPerHour).View(10 * kMicrosPerMinute, 5 * kMicrosPerMinute);
  const auto plan = std::make_shared<PipelinePlan>(*builder.Build());
  plan->fields = {"type"};
  Counter counter(plan, SparseStream());
  Merger merger(plan);
  ResultEncoder encoder(plan);
  int64_t rows = 0;
  for (auto _ : state) {
    merger.Apply(counter.Count(kSparseBatch));
    encoder.Encode(0, merger.TakeChanges(), 0,
                   [&](absl::string_view, absl::optional<absl::string_view> row) {
                     benchmark::DoNotOptimize(row);
                     ++rows;
                   });
  }
  state.SetItemsProcessed(state.iterations() * kSparseBatch);
  state.counters["rows"] = static_cast<double>(rows);
}
BENCHMARK(CountAndWriteSparse)->Iterations(kSparseBatches);

// One iteration is a frame of a batch; items are its cells.
void Merge(benchmark::State& state) {
  const auto plan = MakePlan(10 * kMicrosPerMinute, 5 * kMicrosPerMinute, Values::kCount);
  Counter counter(plan);
  Frame frame = counter.Count(kPerMinute);
  frame.positions.clear();
  Merger merger(plan);
  for (auto _ : state) {
    merger.Apply(frame);
    merger.DropChanges();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(frame.views[0].cells.size()));
}
BENCHMARK(Merge);

}  // namespace
}  // namespace windrow::bench
