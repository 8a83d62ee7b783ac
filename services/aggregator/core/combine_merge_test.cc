// Combine and merge together, against a recount in the plainest way: whatever the batches, the
// owners, the order of frames and the restores, the last values are those of the recount.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/group_key.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/plan_builder.h"
#include "services/aggregator/core/snapshot_value.h"

namespace windrow::aggregator {
namespace {

constexpr EventSpan kSecond = kMicrosPerSecond;

// How many random runs each test makes; RUNS in the environment says otherwise.
int Runs(int usual) {
  const char* wanted = std::getenv("RUNS");
  int runs = 0;
  return wanted != nullptr && absl::SimpleAtoi(wanted, &runs) ? runs : usual;
}

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  // From 0 to below.
  int64_t Below(int64_t below) { return static_cast<int64_t>(engine_() % below); }
  int64_t Between(int64_t least, int64_t largest) { return least + Below(largest - least + 1); }
  bool OneIn(int64_t times) { return Below(times) == 0; }

 private:
  std::mt19937_64 engine_;
};

// One record of a source partition.
struct Record {
  enum class Kind { kGood, kUnreadable, kWithoutTime, kFuture };
  Kind kind = Kind::kGood;
  EventTime time = 0;
  // Two fields to group by, and a number.
  absl::optional<std::string> values[3];
};

// What is true of a run, whatever the schedule.
struct Scenario {
  std::shared_ptr<const PipelinePlan> plan;
  // By view: keys that an inner join finds in the first group field; none without a join.
  std::vector<absl::optional<std::set<std::string>>> joined;
  // By source partition.
  std::vector<std::vector<Record>> logs;
  // Partitions that exist from the start; the others are added later.
  int first_partitions = 1;
};

// (view, start of the window, encoded group).
using RowKey = std::tuple<int, EventTime, std::string>;
using WindowKey = std::pair<int, EventTime>;

struct Row {
  EventTime window_end = 0;
  uint64_t accepted = 0;
  // The values of aggregates with a state, as text.
  std::vector<std::string> values;
  uint32_t revision = 0;

  bool SameValue(const Row& other) const {
    return window_end == other.window_end && accepted == other.accepted && values == other.values;
  }
  bool operator==(const Row& other) const { return SameValue(other) && revision == other.revision; }
};

std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << "end " << row.window_end << " accepted " << row.accepted << " ["
             << absl::StrJoin(row.values, ", ") << "] revision " << row.revision;
}

// ---------------------------------------------------------------------------------------------
// The recount.

// Records of a row, to be aggregated at the end.
struct RecountedRow {
  EventTime window_end = 0;
  std::vector<const Record*> records;
};

struct Recount {
  std::map<RowKey, RecountedRow> found;
  // Accepted records of views with sessions, by view and group.
  std::map<std::pair<int, std::string>, std::vector<const Record*>> sessions;
  std::map<RowKey, Row> rows;
  std::map<WindowKey, uint64_t> late;
  // By partition.
  std::vector<SourceCounters> counters;
  std::vector<EventTime> watermarks;
};

std::vector<EventTime> WindowStarts(const WindowSpec& window, EventSpan offset, EventTime time) {
  std::vector<EventTime> starts;
  EventTime start = (time / window.slide() + 2) * window.slide() + offset;
  for (; start + window.size() > time; start -= window.slide()) {
    if (start <= time) starts.push_back(start);
  }
  return starts;
}

EventSpan OffsetOf(const WindowSpec& window) {
  EventSpan offset = window.LastWindowStart(0) % window.slide();
  return offset < 0 ? offset + window.slide() : offset;
}

void RecountRecord(const Scenario& scenario, int view, const Record& record, EventTime watermark,
                   Recount* recount, ViewCounters* counters) {
  const ViewPlan& plan = scenario.plan->views[view];
  std::string group;
  for (const int field : plan.group_fields) {
    const auto& value = record.values[field];
    if (value.has_value()) {
      AppendGroupValue(absl::string_view(*value), &group);
    } else {
      AppendGroupValue(absl::nullopt, &group);
    }
  }
  if (scenario.joined[view].has_value()) {
    const auto& value = record.values[plan.group_fields[0]];
    if (!value.has_value() || scenario.joined[view]->count(*value) == 0) {
      ++counters->unmatched_join;
      return;
    }
  }
  if (plan.is_session()) {
    if (record.time < watermark) {
      ++counters->late_everywhere;
      ++recount->late[{view, kOlderWindows}];
    } else {
      ++counters->accepted;
      recount->sessions[{view, group}].push_back(&record);
    }
    return;
  }
  bool accepted = false;
  for (const EventTime start : WindowStarts(*plan.window, OffsetOf(*plan.window), record.time)) {
    if (start + plan.window->size() <= watermark) {
      ++recount->late[{view, start}];
    } else {
      RecountedRow& row = recount->found[{view, start, group}];
      row.window_end = start + plan.window->size();
      row.records.push_back(&record);
      accepted = true;
    }
  }
  ++(accepted ? counters->accepted : counters->late_everywhere);
}

// Values of fields that are there, as numbers where they are to be added.
std::string RecountValue(const AggregatePlan& plan, int field,
                         const std::vector<const Record*>& records) {
  std::map<std::string, int64_t> counts;
  int64_t sum = 0;
  int64_t count = 0;
  for (const Record* record : records) {
    const auto& value = record->values[field];
    if (!value.has_value()) continue;
    ++counts[*value];
    ++count;
    if (plan.type == ValueType::kInteger) sum += std::stoll(*value);
  }
  switch (plan.function) {
    case AggregateFunction::kCount:
      return absl::StrCat(count);
    case AggregateFunction::kSum:
      return count == 0 ? "null" : absl::StrCat(sum);
    case AggregateFunction::kAvg:
      return count == 0 ? "null"
                        : absl::StrCat(static_cast<double>(sum) / static_cast<double>(count));
    case AggregateFunction::kMin:
      return count == 0 ? "null" : counts.begin()->first;
    case AggregateFunction::kMax:
      return count == 0 ? "null" : counts.rbegin()->first;
    case AggregateFunction::kCountDistinct:
      return absl::StrCat(counts.size());
    case AggregateFunction::kTopK:
      break;
  }
  std::vector<std::pair<int64_t, std::string>> order;
  for (const auto& entry : counts) order.emplace_back(-entry.second, entry.first);
  std::sort(order.begin(), order.end());
  order.resize(std::min<size_t>(order.size(), plan.limit));
  return absl::StrJoin(order, " ", [](std::string* out, const auto& entry) {
    absl::StrAppend(out, entry.second, "=", -entry.first);
  });
}

std::string ShowValue(const AggregateValue& value) {
  if (const auto* integer = absl::get_if<int64_t>(&value)) return absl::StrCat(*integer);
  if (const auto* number = absl::get_if<double>(&value)) return absl::StrCat(*number);
  if (const auto* text = absl::get_if<std::string>(&value)) return *text;
  if (const auto* counts = absl::get_if<ValueCounts>(&value)) {
    return absl::StrJoin(*counts, " ", absl::PairFormatter("="));
  }
  return "null";
}

void FinishSessions(const Scenario& scenario, Recount* recount) {
  for (auto& entry : recount->sessions) {
    std::vector<const Record*>& records = entry.second;
    std::sort(records.begin(), records.end(),
              [](const Record* a, const Record* b) { return a->time < b->time; });
    const EventSpan gap = scenario.plan->views[entry.first.first].session_gap;
    for (size_t begin = 0; begin < records.size();) {
      size_t end = begin + 1;
      while (end < records.size() && records[end]->time - records[end - 1]->time < gap) ++end;
      RecountedRow& row =
          recount->found[{entry.first.first, records[begin]->time, entry.first.second}];
      row.window_end = records[end - 1]->time + gap;
      row.records.assign(records.begin() + static_cast<std::ptrdiff_t>(begin),
                         records.begin() + static_cast<std::ptrdiff_t>(end));
      begin = end;
    }
  }
}

void FinishRows(const Scenario& scenario, Recount* recount) {
  FinishSessions(scenario, recount);
  for (const auto& entry : recount->found) {
    Row& row = recount->rows[entry.first];
    row.window_end = entry.second.window_end;
    row.accepted = entry.second.records.size();
    for (const AggregatePlan& aggregate : scenario.plan->views[std::get<0>(entry.first)].stateful) {
      const int field = scenario.plan->inputs[aggregate.input].field;
      row.values.push_back(RecountValue(aggregate, field, entry.second.records));
    }
  }
}

Recount RecountAll(const Scenario& scenario) {
  Recount recount;
  const int views = static_cast<int>(scenario.plan->views.size());
  for (const std::vector<Record>& log : scenario.logs) {
    SourceCounters counters;
    counters.views.resize(views);
    EventTime watermark = kNever;
    for (const Record& record : log) {
      ++counters.read;
      if (record.kind != Record::Kind::kGood) {
        ++counters.dead_lettered;
        continue;
      }
      for (int view = 0; view < views; ++view) {
        RecountRecord(scenario, view, record, watermark, &recount, &counters.views[view]);
      }
      watermark = std::max(watermark, record.time - scenario.plan->watermark_delay);
    }
    recount.counters.push_back(counters);
    recount.watermarks.push_back(watermark);
  }
  FinishRows(scenario, &recount);
  return recount;
}

// ---------------------------------------------------------------------------------------------
// Random scenarios.

void AddRandomAggregates(Random* random, PlanBuilder* builder) {
  if (random->OneIn(2)) return;
  for (int64_t i = random->Between(1, 3); i > 0; --i) {
    const auto function = static_cast<AggregateFunction>(random->Below(7));
    const bool adds = function == AggregateFunction::kSum || function == AggregateFunction::kAvg;
    builder->Aggregate(function, adds ? 2 : 1, adds ? ValueType::kInteger : ValueType::kText,
                       static_cast<int>(random->Between(4, 9)));
  }
}

void AddRandomView(Random* random, PlanBuilder* builder, Scenario* scenario) {
  const EventSpan pane = random->Between(1000, 5000) * 1000;
  const int64_t panes = random->Between(1, random->OneIn(4) ? 40 : 6);
  const EventSpan slide = pane * (random->OneIn(3) ? panes : random->Between(1, panes));
  if (random->OneIn(3)) {
    builder->SessionView(random->Between(1, 30) * kSecond / 2);
  } else {
    builder->View(pane * panes, slide, random->Below(slide / 1000) * 1000);
  }
  const std::vector<std::vector<int>> fields = {{0}, {1}, {0, 1}, {1, 0}, {}};
  const std::vector<int>& group_by = fields[random->Below(static_cast<int64_t>(fields.size()))];
  builder->GroupBy(group_by);
  scenario->joined.emplace_back();
  AddRandomAggregates(random, builder);
  if (random->OneIn(2)) {
    builder->Emit(random->OneIn(2) ? EmitMode::kFinal : EmitMode::kInterval,
                  random->Between(1, 50) * kSecond);
  }
  if (!group_by.empty() && random->OneIn(3)) {
    builder->InnerJoin({"a", "b"});
    scenario->joined.back() = std::set<std::string>{"a", "b"};
  }
}

absl::optional<std::string> RandomValue(Random* random) {
  if (random->OneIn(10)) return absl::nullopt;
  return std::string(1, static_cast<char>('a' + random->Below(4)));
}

std::vector<Record> RandomLog(Random* random, EventTime begin) {
  const EventSpan step = random->Between(1, 3) * kSecond / 2;
  const EventSpan disorder = random->Between(1, 60) * kSecond;
  std::vector<Record> log(random->OneIn(8) ? 0 : random->Below(250));
  EventTime now = begin + random->Below(100) * kSecond;
  for (Record& record : log) {
    now += random->Below(2 * step);
    if (random->OneIn(60)) now += random->Below(200) * kSecond;
    record.time = now - (random->OneIn(2) ? random->Below(disorder) : 0);
    // Borders of windows and watermarks are where mistakes are.
    if (random->OneIn(2)) record.time = FloorDivide(record.time, kSecond) * kSecond;
    if (random->OneIn(25)) record.kind = static_cast<Record::Kind>(random->Between(1, 3));
    record.values[0] = RandomValue(random);
    record.values[1] = RandomValue(random);
    if (!random->OneIn(10)) record.values[2] = absl::StrCat(random->Between(-100, 100));
  }
  return log;
}

// With `horizon` beyond all times nothing expires.
Scenario RandomScenario(Random* random, EventSpan horizon, bool grows) {
  Scenario scenario;
  IdlePolicy idle;
  idle.idle_timeout = random->Between(0, 60) * kSecond;
  idle.close_after = random->Between(0, 60) * kSecond;
  idle.all_idle = static_cast<AllIdle>(random->Below(3));
  PlanBuilder builder;
  builder.Delay(random->Below(40) * kSecond)
      .Horizon(horizon)
      .MaxFutureSkew(kMicrosPerHour)
      .MergePartitions(static_cast<int>(random->Between(1, 4)))
      .Idle(idle);
  for (int64_t i = random->Between(1, 3); i > 0; --i) AddRandomView(random, &builder, &scenario);
  scenario.plan = builder.Build();
  // Half of the runs lie around 1970, where times change their sign.
  const EventTime begin = random->OneIn(2) ? 17'800 * kMicrosPerDay : -200 * kSecond;
  const auto partitions = static_cast<int>(random->Between(1, 4));
  for (int i = 0; i < partitions; ++i) scenario.logs.push_back(RandomLog(random, begin));
  scenario.first_partitions = grows ? static_cast<int>(random->Between(1, partitions)) : partitions;
  return scenario;
}

// ---------------------------------------------------------------------------------------------
// The combine stage: some workers that own partitions, seal when they like and are reassigned.

// The log `partials`, by merge partition.
using Partials = std::vector<std::vector<Frame>>;

class CombineStage {
 public:
  CombineStage(const Scenario& scenario, Random* random)
      : scenario_(scenario),
        random_(*random),
        partials_(scenario.plan->merge_partitions),
        partitions_(scenario.first_partitions) {
    committed_.resize(scenario.logs.size());
    for (size_t i = 0; i < committed_.size(); ++i) committed_[i].partition = static_cast<int>(i);
    Assign();
  }

  // Reads all of the logs, then drains.
  Partials Run() {
    while (!AllRead()) Step();
    for (int generation = 1; generation <= 2; ++generation) {
      for (Worker& worker : workers_) {
        for (const int partition : worker.partitions) {
          worker.combiner->SetDrained(partition, generation);
          if (random_.OneIn(2)) Commit(&worker);
        }
        Commit(&worker);
      }
    }
    Publish(1);
    return std::move(partials_);
  }

 private:
  struct Worker {
    std::unique_ptr<Combiner> combiner;
    std::vector<int> partitions;
    // Committed, but not yet in the logs: transactions of several workers mix as they like in each
    // partition of the log, those of one worker stay in order.
    std::vector<std::vector<Frame>> pending;
  };

  bool AllRead() const {
    if (partitions_ < static_cast<int>(scenario_.logs.size())) return false;
    for (const Worker& worker : workers_) {
      for (const int partition : worker.partitions) {
        if (!AtEnd(worker, partition)) return false;
      }
    }
    return true;
  }

  bool AtEnd(const Worker& worker, int partition) const {
    return worker.combiner->position(partition)->end_offset ==
           static_cast<int64_t>(scenario_.logs[partition].size());
  }

  void Step() {
    if (random_.OneIn(60)) Reassign();
    if (random_.OneIn(40) && partitions_ < static_cast<int>(scenario_.logs.size())) {
      Reassign();
      ++partitions_;
      Assign();
    }
    Worker& worker = workers_[random_.Below(static_cast<int64_t>(workers_.size()))];
    if (worker.partitions.empty()) return;
    const int partition =
        worker.partitions[random_.Below(static_cast<int64_t>(worker.partitions.size()))];
    if (random_.OneIn(6)) {
      worker.combiner->SetIdleFor(partition, random_.Below(100) * kSecond);
    } else {
      Read(&worker, partition, random_.Between(1, 30));
    }
    if (random_.OneIn(3)) Commit(&worker);
    if (random_.OneIn(20)) Abort(&worker);
    if (random_.OneIn(3)) Publish(3);
  }

  void Read(Worker* worker, int partition, int64_t records) {
    const std::vector<Record>& log = scenario_.logs[partition];
    Combiner& combiner = *worker->combiner;
    int64_t offset = combiner.position(partition)->end_offset;
    if (random_.OneIn(10)) offset = random_.Below(offset + 1);  // redelivered
    for (; records > 0 && offset < static_cast<int64_t>(log.size()); ++offset, --records) {
      if (combiner.IsRedelivered(partition, offset)) continue;
      AddRecord(log[offset], partition, offset, &combiner);
    }
  }

  static void AddRecord(const Record& record, int partition, int64_t offset, Combiner* combiner) {
    TestRecord test_record;
    test_record.At(record.time);
    EventTime timestamp = record.time;
    absl::optional<DeadLetterReason> reason;
    switch (record.kind) {
      case Record::Kind::kGood:
        break;
      case Record::Kind::kUnreadable:
        combiner->AddUnreadable(partition, offset);
        return;
      case Record::Kind::kWithoutTime:
        test_record.AtText("no time");
        reason = DeadLetterReason::kBadEventTime;
        break;
      case Record::Kind::kFuture:
        timestamp -= kMicrosPerHour + 1;
        reason = DeadLetterReason::kFutureEventTime;
        break;
    }
    for (const auto& value : record.values) test_record.With(value);
    ASSERT_EQ(combiner->Add(partition, offset, timestamp, test_record.fields()), reason);
  }

  void Commit(Worker* worker) {
    Combiner::Batch batch = worker->combiner->Seal();
    for (size_t m = 0; m < batch.frames.size(); ++m) {
      worker->pending[m].push_back(std::move(batch.frames[m]));
    }
    for (const SourcePosition& position : batch.positions)
      committed_[position.partition] = position;
  }

  // Forgets what was not committed, and reads it again.
  void Abort(Worker* worker) {
    worker->combiner->Reset();
    for (const int partition : worker->partitions) {
      worker->combiner->AddSource(committed_[partition]);
    }
    worker->combiner->SetPartitions(partitions_);
  }

  // Writes each frame that is pending, in one of `chance` cases, in random order of workers.
  void Publish(int64_t chance) {
    for (size_t m = 0; m < partials_.size(); ++m) {
      const auto shift = static_cast<size_t>(random_.Below(100));
      for (size_t i = 0; i < workers_.size(); ++i) {
        std::vector<Frame>& pending = workers_[(i + shift) % workers_.size()].pending[m];
        size_t count = 0;
        while (count < pending.size() && random_.OneIn(chance)) ++count;
        for (size_t j = 0; j < count; ++j) partials_[m].push_back(std::move(pending[j]));
        pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(count));
      }
    }
  }

  // A rebalance: who loses partitions commits or aborts; transactions are over before the next
  // owner begins.
  void Reassign() {
    for (Worker& worker : workers_) {
      if (random_.OneIn(2)) Commit(&worker);
    }
    Publish(1);
    Assign();
  }

  void Assign() {
    workers_.clear();
    workers_.resize(random_.Between(1, 3));
    for (Worker& worker : workers_) {
      worker.combiner = std::make_unique<Combiner>(Combiner::Create(scenario_.plan).value());
      worker.pending.resize(partials_.size());
    }
    for (int partition = 0; partition < partitions_; ++partition) {
      Worker& worker = workers_[random_.Below(static_cast<int64_t>(workers_.size()))];
      worker.partitions.push_back(partition);
      worker.combiner->AddSource(committed_[partition]);
    }
    for (Worker& worker : workers_) worker.combiner->SetPartitions(partitions_);
  }

  const Scenario& scenario_;
  Random& random_;
  Partials partials_;
  // Partitions of the source topic by now.
  int partitions_;
  std::vector<SourcePosition> committed_;
  std::vector<Worker> workers_;
};

// ---------------------------------------------------------------------------------------------
// The merge stage, watched: what must hold at each step is checked at each step.

class MergeStage {
 public:
  explicit MergeStage(std::shared_ptr<const PipelinePlan> plan) : plan_(std::move(plan)) {
    merger_ = std::make_unique<Merger>(plan_);
  }

  void Apply(const Frame& frame) {
    merger_->Apply(frame);
    for (const SourcePosition& position : frame.positions) {
      latest_ = std::max(latest_, position.max_event_time);
    }
    if (merger_->closed_through() == kNever) return;
    EventTime last_end = kNever;
    for (const ViewPlan& view : plan_->views) {
      last_end = std::max(last_end, view.LastEndOf(latest_));
    }
    EXPECT_LE(merger_->closed_through(), last_end) << "nothing passes the last end";
  }

  void Take(int64_t clock_us = Merger::kAllDue) {
    const MergeChanges changes = merger_->TakeChanges(clock_us);
    for (int view = 0; view < static_cast<int>(changes.views.size()); ++view) {
      TakeView(view, changes.views[view], changes.progress);
    }
    EXPECT_GE(changes.progress.closed_through, progress_.closed_through);
    EXPECT_GE(changes.progress.expired, progress_.expired);
    EXPECT_EQ(changes.progress.discontinuities, 0u);
    progress_ = changes.progress;
  }

  // Goes on in a new merger from a snapshot.
  void Restore() {
    Take();
    auto restored = std::make_unique<Merger>(plan_);
    restored->Restore(ValueOf(merger_->Image()));
    EXPECT_EQ(restored->cell_count(), merger_->cell_count());
    merger_ = std::move(restored);
  }

  // Takes the rest and checks the end.
  void Finish() {
    Take();
    EXPECT_EQ(progress_.drain_generation, 2);
    for (const auto& row : rows) {
      EXPECT_LE(row.second.window_end, progress_.closed_through);
    }
  }

  const MergeProgress& progress() const { return progress_; }
  Merger& merger() { return *merger_; }

  // The last value of each row and late count.
  std::map<RowKey, Row> rows;
  std::map<WindowKey, uint64_t> late;

 private:
  void TakeView(int view, const ViewChanges& changes, const MergeProgress& now) {
    const ViewPlan& plan = plan_->views[view];
    std::set<RowKey> taken;
    for (const RowChange& change : changes.rows) {
      const RowKey key(view, change.window_start, changes.groups[change.group]);
      ASSERT_TRUE(taken.insert(key).second) << "a row is written once";
      if (change.deleted) {
        ASSERT_TRUE(plan.is_session()) << "windows are never deleted";
        rows.erase(key);
        continue;
      }
      ASSERT_GT(change.accepted, 0u);
      Row row{change.window_end, change.accepted, {}, change.revision};
      for (const AggregateValue& value : change.values) row.values.push_back(ShowValue(value));
      TakeRow(plan, row, rows.count(key) > 0 ? &rows[key] : nullptr, now);
      rows[key] = row;
    }
    for (const LateCount& count : changes.late) {
      uint64_t& records = late[{view, count.window_start}];
      ASSERT_GT(count.records, records);
      records = count.records;
    }
  }

  // What must hold of one row; `before` is null when it is new.
  void TakeRow(const ViewPlan& plan, const Row& row, const Row* before, const MergeProgress& now) {
    if (before != nullptr) {
      ASSERT_GE(row.accepted, before->accepted) << "counts never shrink";
      ASSERT_GE(row.revision, before->revision);
    }
    // A correction can open a session again.
    if (plan.is_session()) return;
    if (row.revision > 0) {
      ASSERT_LE(row.window_end, now.closed_through) << "only closed rows are corrected";
    }
    if (row.window_end <= progress_.closed_through &&
        (before == nullptr || row.accepted > before->accepted)) {
      ASSERT_GT(row.revision, before == nullptr ? 0 : before->revision)
          << "a closed row changes by a correction";
    }
    if (plan.emit == EmitMode::kFinal) {
      ASSERT_LE(row.window_end, now.closed_through) << "open rows are not written";
    }
  }

  std::shared_ptr<const PipelinePlan> plan_;
  std::unique_ptr<Merger> merger_;
  EventTime latest_ = kNever;
  MergeProgress progress_;
};

// What all merge partitions say at the end.
struct Outcome {
  std::map<RowKey, Row> rows;
  std::map<WindowKey, uint64_t> late;
  uint64_t expired = 0;
  // As each merge partition knows them.
  std::vector<std::vector<SourcePosition>> sources;

  // Without revisions.
  std::map<RowKey, Row> values() const {
    std::map<RowKey, Row> values = rows;
    for (auto& row : values) row.second.revision = 0;
    return values;
  }
};

struct MergeSchedule {
  // Changes are taken after one in so many frames.
  int64_t take = 3;
  // Restored after one in so many frames; 0 for never.
  int64_t restore = 0;
};

Outcome MergeAll(const Scenario& scenario, const Partials& partials, MergeSchedule schedule,
                 Random* random) {
  Outcome outcome;
  for (size_t m = 0; m < partials.size(); ++m) {
    MergeStage stage(scenario.plan);
    int64_t clock_us = 0;
    for (const Frame& frame : partials[m]) {
      stage.Apply(frame);
      clock_us += random->Below(20) * kSecond;
      if (random->OneIn(schedule.take)) stage.Take(clock_us);
      if (schedule.restore > 0 && random->OneIn(schedule.restore)) stage.Restore();
    }
    stage.Finish();
    for (const auto& row : stage.rows) {
      EXPECT_TRUE(outcome.rows.insert(row).second) << "a group is in one merge partition";
      EXPECT_EQ(GroupHash(scenario.plan->views[std::get<0>(row.first)].id, std::get<2>(row.first)) %
                    partials.size(),
                m);
    }
    for (const auto& late : stage.late) outcome.late[late.first] += late.second;
    outcome.expired += stage.progress().expired;
    outcome.sources.push_back(stage.progress().sources);
  }
  return outcome;
}

void ExpectCounters(const Recount& recount, const Outcome& outcome) {
  for (const std::vector<SourcePosition>& sources : outcome.sources) {
    ASSERT_EQ(sources.size(), recount.counters.size());
    for (size_t partition = 0; partition < sources.size(); ++partition) {
      SourceCounters counters = sources[partition].counters;
      counters.redelivered = 0;
      EXPECT_EQ(counters, recount.counters[partition]) << "partition " << partition;
      EXPECT_EQ(sources[partition].watermark, recount.watermarks[partition]);
      for (const ViewCounters& view : counters.views) {
        EXPECT_EQ(counters.read, view.accepted + view.filtered + view.unmatched_join +
                                     view.late_everywhere + counters.dead_lettered);
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------

TEST(CombineMergeTest, LastValuesAreThoseOfARecount) {
  uint64_t rows = 0;
  uint64_t late = 0;
  uint64_t corrected = 0;
  const int runs = Runs(600);
  for (int seed = 0; seed < runs; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Random random(seed);
    const Scenario scenario = RandomScenario(&random, 1000 * kMicrosPerDay, false);
    const Recount recount = RecountAll(scenario);
    const Partials partials = CombineStage(scenario, &random).Run();
    const MergeSchedule schedule{random.Between(1, 6), random.OneIn(2) ? 10 : 0};
    const Outcome outcome = MergeAll(scenario, partials, schedule, &random);
    EXPECT_EQ(outcome.values(), recount.rows);
    EXPECT_EQ(outcome.late, recount.late);
    EXPECT_EQ(outcome.expired, 0u);
    ExpectCounters(recount, outcome);
    if (HasFailure()) return;
    rows += recount.rows.size();
    late += recount.late.size();
    for (const auto& row : outcome.rows) corrected += row.second.revision > 0 ? 1 : 0;
  }
  // The runs would prove nothing if they held nothing.
  EXPECT_GT(rows, 50u * runs);
  EXPECT_GT(late, 10u * runs);
  EXPECT_GT(corrected, 5u * runs);
}

TEST(CombineMergeTest, OtherBatchesAndOwnersGiveTheSameValues) {
  for (int seed = 0; seed < Runs(60); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Random random(1'000'000 + seed);
    const Scenario scenario = RandomScenario(&random, 1000 * kMicrosPerDay, seed % 2 == 0);
    Outcome first;
    for (int run = 0; run < 3; ++run) {
      const Partials partials = CombineStage(scenario, &random).Run();
      Outcome outcome = MergeAll(scenario, partials, {random.Between(1, 10), 0}, &random);
      if (run == 0) first = std::move(outcome);
      if (run == 0) continue;
      if (outcome.expired == 0 && first.expired == 0) {
        EXPECT_EQ(outcome.values(), first.values()) << "run " << run;
      }
      EXPECT_EQ(outcome.late, first.late) << "run " << run;
    }
    if (HasFailure()) return;
  }
}

std::map<int, uint64_t> LateByView(const std::map<WindowKey, uint64_t>& late) {
  std::map<int, uint64_t> by_view;
  for (const auto& window : late) by_view[window.first.first] += window.second;
  return by_view;
}

// Rows of a merge partition are a function of its log: neither when changes are taken nor restores
// are to be seen in them, with a horizon near and partitions that come later too.
TEST(CombineMergeTest, TheSameFramesGiveTheSameRowsAndRevisions) {
  uint64_t expired = 0;
  const int runs = Runs(150);
  for (int seed = 0; seed < runs; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Random random(2'000'000 + seed);
    const Scenario scenario = RandomScenario(&random, random.Below(100) * kSecond, true);
    const Recount recount = RecountAll(scenario);
    const Partials partials = CombineStage(scenario, &random).Run();
    const Outcome first = MergeAll(scenario, partials, {1, 0}, &random);
    for (const MergeSchedule schedule :
         {MergeSchedule{1'000'000, 0}, MergeSchedule{4, 0}, MergeSchedule{3, 3}}) {
      const Outcome outcome = MergeAll(scenario, partials, schedule, &random);
      EXPECT_EQ(outcome.rows, first.rows) << schedule.take << " " << schedule.restore;
      EXPECT_EQ(outcome.late, first.late);
      EXPECT_EQ(outcome.expired, first.expired);
    }
    ExpectCounters(recount, first);
    for (const auto& row : first.rows) {
      // Sessions without their expired records may begin elsewhere.
      if (scenario.plan->views[std::get<0>(row.first)].is_session()) continue;
      const auto recounted = recount.rows.find(row.first);
      ASSERT_NE(recounted, recount.rows.end());
      EXPECT_LE(row.second.accepted, recounted->second.accepted);
    }
    if (first.expired == 0) {
      EXPECT_EQ(first.values(), recount.rows);
    }
    // Late records of older windows share a row; none is lost.
    EXPECT_EQ(LateByView(first.late), LateByView(recount.late));
    if (HasFailure()) return;
    expired += first.expired;
  }
  EXPECT_GT(expired, 2u * runs);
}

// ---------------------------------------------------------------------------------------------
// Snapshot and replay.

struct ComparableState {
  std::map<std::tuple<int, int64_t, std::string, EventTime>, uint64_t> cells;
  std::map<RowKey, uint32_t> revisions;
  std::map<WindowKey, uint64_t> late;
  std::tuple<EventTime, EventTime, int64_t, uint64_t, uint64_t> progress;
  std::vector<std::tuple<int, int, int64_t, EventTime, EventSpan, int64_t>> sources;

  bool operator==(const ComparableState& other) const {
    return cells == other.cells && revisions == other.revisions && late == other.late &&
           progress == other.progress && sources == other.sources;
  }
};

ComparableState StateOf(const Merger& merger) {
  const MergeSnapshot snapshot = ValueOf(merger.Image());
  ComparableState state;
  for (const ViewSnapshot& view : snapshot.views) {
    const int index = view.cells.view;
    for (const DeltaCell& cell : view.cells.cells) {
      EXPECT_TRUE(
          state.cells
              .emplace(std::make_tuple(index, cell.pane, view.cells.groups[cell.group], cell.cut),
                       cell.accepted)
              .second);
    }
    for (const RowRevision& row : view.revisions) {
      state.revisions[{index, row.window_start, row.group}] = row.revision;
    }
    for (const LateCount& late : view.cells.late) {
      state.late[{index, late.window_start}] = late.records;
    }
  }
  const MergeProgress& progress = snapshot.progress;
  state.progress = {progress.closed_through, progress.unchangeable_through,
                    progress.drain_generation, progress.expired, progress.discontinuities};
  for (const SourcePosition& source : progress.sources) {
    state.sources.emplace_back(source.partition, source.partitions, source.end_offset,
                               source.watermark, source.idle_for, source.drain_generation);
  }
  return state;
}

// Takes over the rows of one take.
void TakeOver(const MergeChanges& changes, std::map<RowKey, Row>* rows) {
  for (size_t view = 0; view < changes.views.size(); ++view) {
    for (const RowChange& change : changes.views[view].rows) {
      const RowKey key(static_cast<int>(view), change.window_start,
                       changes.views[view].groups[change.group]);
      if (change.deleted) {
        rows->erase(key);
        continue;
      }
      Row& row = (*rows)[key];
      row = Row{change.window_end, change.accepted, {}, change.revision};
      for (const AggregateValue& value : change.values) row.values.push_back(ShowValue(value));
    }
  }
}

// Names the rows that differ, of which there may be many more that do not.
void ExpectSameRows(const std::map<RowKey, Row>& got, const std::map<RowKey, Row>& want) {
  for (const auto& row : got) {
    const auto wanted = want.find(row.first);
    if (wanted == want.end()) {
      ADD_FAILURE() << testing::PrintToString(row) << " should not be there";
    } else {
      EXPECT_EQ(row, *wanted);
    }
  }
  for (const auto& row : want) {
    EXPECT_GT(got.count(row.first), 0u) << testing::PrintToString(row) << " is missing";
  }
}

TEST(CombineMergeTest, AnOldSnapshotAndAReplayGiveTheSameState) {
  for (int seed = 0; seed < Runs(100); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Random random(3'000'000 + seed);
    const EventSpan horizon = random.OneIn(2) ? random.Below(100) * kSecond : kMicrosPerDay;
    const Scenario scenario = RandomScenario(&random, horizon, true);
    const Partials partials = CombineStage(scenario, &random).Run();
    const std::vector<Frame>& log = partials[0];
    const auto frames = static_cast<int64_t>(log.size());
    const int64_t snapshot_at = random.Below(frames);
    const int64_t committed = random.Between(snapshot_at, frames);

    Merger live(scenario.plan);
    Merger restored(scenario.plan);
    std::map<RowKey, Row> rows;
    // Read when the live one has gone on.
    MergeImage image;
    for (int64_t i = 0; i <= committed; ++i) {
      if (i == snapshot_at) {
        TakeOver(live.TakeChanges(), &rows);
        image = live.Image();
      }
      if (i == committed) break;
      live.Apply(log[i]);
      if (random.OneIn(3)) TakeOver(live.TakeChanges(), &rows);
    }
    TakeOver(live.TakeChanges(), &rows);
    restored.Restore(ValueOf(std::move(image)));
    for (int64_t i = snapshot_at; i < committed; ++i) restored.Apply(log[i]);
    restored.DropChanges();
    EXPECT_EQ(StateOf(restored), StateOf(live));
    EXPECT_EQ(restored.cell_count(), live.cell_count());
    EXPECT_EQ(restored.group_count(), live.group_count());
    // From there both write the same, at the same moments; the restored one may repeat rows.
    std::map<RowKey, Row> restored_rows = rows;
    for (int64_t i = committed; i < frames; ++i) {
      live.Apply(log[i]);
      restored.Apply(log[i]);
      if (i + 1 < frames && !random.OneIn(3)) continue;
      const MergeChanges changes = live.TakeChanges();
      const MergeChanges restored_changes = restored.TakeChanges();
      TakeOver(changes, &rows);
      TakeOver(restored_changes, &restored_rows);
      ExpectSameRows(restored_rows, rows);
      EXPECT_EQ(restored_changes.progress.closed_through, changes.progress.closed_through);
      EXPECT_EQ(StateOf(restored), StateOf(live)) << "frame " << i;
    }
    if (HasFailure()) return;
  }
}

// Once all is drained and every source has passed, nothing is held any more.
TEST(CombineMergeTest, MemoryIsFreedBehindTheWatermarks) {
  for (int seed = 0; seed < Runs(50); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Random random(4'000'000 + seed);
    Scenario scenario = RandomScenario(&random, 1000 * kMicrosPerDay, false);
    // A last record far ahead in every partition.
    for (std::vector<Record>& log : scenario.logs) {
      Record last;
      last.time = 18'000 * kMicrosPerDay;
      last.values[0] = last.values[1] = "a";
      log.push_back(last);
    }
    const Partials partials = CombineStage(scenario, &random).Run();
    for (const std::vector<Frame>& log : partials) {
      Merger merger(scenario.plan);
      for (const Frame& frame : log) merger.Apply(frame);
      merger.TakeChanges();
      const MergeSnapshot snapshot = ValueOf(merger.Image());
      size_t cells = 0;
      for (const ViewSnapshot& view : snapshot.views) {
        cells += view.cells.cells.size();
        for (const RowRevision& row : view.revisions) {
          EXPECT_GT(row.window_start, 17'999 * kMicrosPerDay);
        }
        EXPECT_LE(view.cells.groups.size(), 1u);
      }
      EXPECT_EQ(merger.cell_count(), cells);
      EXPECT_LE(cells, scenario.plan->views.size()) << "the last record's pane in each view";
      EXPECT_LE(merger.group_count(), scenario.plan->views.size());
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace windrow::aggregator
