#include "services/aggregator/core/combiner.h"

#include <algorithm>

#include "services/aggregator/core/group_key.h"

namespace windrow::aggregator {
namespace {

// A view that has met more groups than these forgets them at the next seal: they are only a cache.
constexpr size_t kMaxCachedGroups = 200'000;
constexpr size_t kMaxCachedGroupBytes = 32'000'000;
// Of a cell with its place in the maps, and of a text in a state.
constexpr size_t kCellOverhead = 128;
constexpr size_t kTextOverhead = 56;

}  // namespace

absl::string_view DeadLetterReasonName(DeadLetterReason reason) {
  switch (reason) {
    case DeadLetterReason::kNotJson:
      return "not-json";
    case DeadLetterReason::kNotAnObject:
      return "not-an-object";
    case DeadLetterReason::kMissingEventTime:
      return "missing-event-time";
    case DeadLetterReason::kBadEventTime:
      return "bad-event-time";
    case DeadLetterReason::kWrongType:
      return "wrong-type";
    case DeadLetterReason::kFutureEventTime:
      return "future-event-time";
    case DeadLetterReason::kTooLarge:
      return "too-large";
  }
  return "unknown";
}

absl::StatusOr<Combiner> Combiner::Create(std::shared_ptr<const PipelinePlan> plan) {
  absl::StatusOr<EventTimeParser> time_parser = EventTimeParser::Create(plan->event_time_format);
  if (!time_parser.ok()) return time_parser.status();
  return Combiner(std::move(plan), *std::move(time_parser));
}

Combiner::Combiner(std::shared_ptr<const PipelinePlan> plan, EventTimeParser time_parser)
    : plan_(std::move(plan)),
      time_parser_(std::move(time_parser)),
      views_(plan_->views.size()),
      inputs_(plan_->inputs.size()) {
  for (size_t i = 0; i < views_.size(); ++i) views_[i].plan = &plan_->views[i];
}

void Combiner::UsePlan(std::shared_ptr<const PipelinePlan> plan) {
  plan_ = std::move(plan);
  for (size_t i = 0; i < views_.size(); ++i) {
    views_[i].plan = &plan_->views[i];
    // They remember whether a table has them.
    ForgetGroups(&views_[i]);
  }
  for (auto& source : sources_) NamePolicy(&source.second.now);
}

void Combiner::NamePolicy(SourcePosition* position) const {
  position->idle_policy.reset();
  if (plan_->idle_policy != plan_->declared_idle_policy) {
    position->idle_policy = plan_->idle_policy;
  }
}

void Combiner::ForgetGroups(View* view) {
  view->group_by_key.clear();
  view->group_by_text.clear();
  view->texts.clear();
  view->groups.clear();
  view->keys.clear();
  view->group_bytes = 0;
}

void Combiner::AddSource(SourcePosition committed) {
  committed.counters.views.resize(views_.size());
  committed.base_offset = committed.end_offset;
  Source& source = sources_[committed.partition];
  source.reported = committed.partitions > 0;
  source.sealed = committed;
  source.now = std::move(committed);
  // A batch of deltas, a commit or an owner may have come between: idleness starts anew.
  source.now.idle_for = 0;
  NamePolicy(&source.now);
}

void Combiner::Silence(int partition) { sources_.at(partition).silent = true; }

void Combiner::Reset() {
  sources_.clear();
  ++batch_;
  text_bytes_ = 0;
  for (View& view : views_) {
    view.cells.clear();
    view.cell_by_id.clear();
    view.late.clear();
  }
}

bool Combiner::IsRedelivered(int partition, int64_t offset) {
  SourcePosition& now = sources_.at(partition).now;
  if (offset >= now.end_offset) return false;
  ++now.counters.redelivered;
  return true;
}

absl::optional<DeadLetterReason> Combiner::Add(int partition, int64_t offset, EventTime timestamp,
                                               const RecordFields& record) {
  SourcePosition& now = sources_.at(partition).now;
  absl::optional<EventTime> time;
  absl::optional<DeadLetterReason> reason;
  if (!record.event_time.has_value()) {
    reason = DeadLetterReason::kMissingEventTime;
  } else if (!(time = time_parser_.Parse(*record.event_time)).has_value()) {
    reason = DeadLetterReason::kBadEventTime;
  } else if (timestamp != kNever && *time - timestamp > plan_->max_future_skew) {
    reason = DeadLetterReason::kFutureEventTime;
  } else if (!ReadInputs(record)) {
    reason = DeadLetterReason::kWrongType;
  }
  if (reason.has_value()) {
    AddUnreadable(partition, offset);
    return reason;
  }
  now.end_offset = offset + 1;
  now.idle_for = 0;
  ++now.counters.read;
  // Lateness is judged by the watermark before this record.
  for (size_t i = 0; i < views_.size(); ++i) {
    AddToView(&views_[i], *time, now.watermark, record, &now.counters.views[i]);
  }
  now.max_event_time = std::max(now.max_event_time, *time);
  now.watermark = std::max(now.watermark, now.max_event_time - plan_->watermark_delay);
  return absl::nullopt;
}

void Combiner::AddUnreadable(int partition, int64_t offset) {
  SourcePosition& now = sources_.at(partition).now;
  now.end_offset = offset + 1;
  now.idle_for = 0;
  ++now.counters.read;
  ++now.counters.dead_lettered;
}

bool Combiner::ReadInputs(const RecordFields& record) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const InputPlan& input = plan_->inputs[i];
    const absl::optional<absl::string_view>& text = record.values[input.field];
    inputs_[i].reset();
    if (!text.has_value()) continue;
    inputs_[i] = ReadInput(*text, input.type);
    if (!inputs_[i].has_value()) return false;
  }
  return true;
}

void Combiner::AddToView(View* view, EventTime time, EventTime watermark,
                         const RecordFields& record, ViewCounters* counters) {
  if (view->plan->filter.has_value() && !view->plan->filter->Matches(record.values)) {
    ++counters->filtered;
    return;
  }
  const uint32_t group_index = FindGroup(view, record);
  if (!view->groups[group_index].matched) {
    ++counters->unmatched_join;
    return;
  }
  if (view->plan->is_session()) {
    AddToSession(view, time, watermark, group_index, counters);
    return;
  }
  const WindowSpec& window = *view->plan->window;
  PaneMemory& memory = view->memory;
  if (time < memory.begin || time >= memory.end) {
    memory.pane = window.PaneOf(time);
    memory.begin = window.PaneStart(memory.pane);
    memory.end = memory.begin + window.pane_length();
    memory.first_window_end = window.FirstWindowEnd(memory.pane);
  }
  EventTime cut = kNever;
  if (memory.first_window_end <= watermark) {
    cut = window.CutOf(memory.pane, watermark);
    CountLate(view, view->groups[group_index].merge_partition, memory.pane, cut);
    if (cut == window.LastWindowEnd(memory.pane)) {
      ++counters->late_everywhere;
      return;
    }
  }
  ++counters->accepted;
  DeltaCell* cell = FindCell(view, group_index, memory.pane, cut);
  ++cell->accepted;
  if (!view->plan->stateful.empty()) AddStates(*view, cell);
}

void Combiner::AddToSession(View* view, EventTime time, EventTime watermark, uint32_t group_index,
                            ViewCounters* counters) {
  if (time < watermark) {
    ++view->late[{view->groups[group_index].merge_partition, kOlderWindows}];
    ++counters->late_everywhere;
    return;
  }
  ++counters->accepted;
  DeltaCell* cell = FindSession(view, group_index, time);
  ++cell->accepted;
  if (!view->plan->stateful.empty()) AddStates(*view, cell);
}

void Combiner::AddStates(const View& view, DeltaCell* cell) {
  const std::vector<AggregatePlan>& plans = view.plan->stateful;
  if (cell->states == nullptr) cell->states = std::make_shared<CellStates>(plans.size());
  for (size_t i = 0; i < plans.size(); ++i) {
    const absl::optional<InputValue>& value = inputs_[plans[i].input];
    if (!value.has_value()) continue;
    AddValue(plans[i], *value, &(*cell->states)[i]);
    if (plans[i].type == ValueType::kText) {
      text_bytes_ += kTextOverhead + absl::get<absl::string_view>(*value).size();
    }
  }
}

uint32_t Combiner::FindGroup(View* view, const RecordFields& record) {
  const std::vector<int>& fields = view->plan->group_fields;
  if (fields.size() != 1 || !record.values[fields[0]].has_value()) {
    return FindGroupByKey(view, record);
  }
  const absl::string_view text = *record.values[fields[0]];
  const auto found = view->group_by_text.find(text);
  if (found != view->group_by_text.end()) return found->second;
  const uint32_t group = FindGroupByKey(view, record);
  view->texts.emplace_back(text);
  view->group_by_text.emplace(view->texts.back(), group);
  return group;
}

uint32_t Combiner::FindGroupByKey(View* view, const RecordFields& record) {
  key_.clear();
  for (const int field : view->plan->group_fields) AppendGroupValue(record.values[field], &key_);
  const auto found = view->group_by_key.find(absl::string_view(key_));
  if (found != view->group_by_key.end()) return found->second;

  const auto index = static_cast<uint32_t>(view->groups.size());
  view->keys.push_back(key_);
  Group group;
  group.key = view->keys.back();
  group.merge_partition =
      static_cast<int>(GroupHash(view->plan->id, group.key) % plan_->merge_partitions);
  if (view->plan->join.has_value() && view->plan->join->inner) {
    const JoinPlan& join = *view->plan->join;
    const absl::optional<absl::string_view>& value =
        record.values[view->plan->group_fields[join.group_index]];
    group.matched = value.has_value() && join.table->Find(std::string(*value)) != nullptr;
  }
  view->groups.push_back(group);
  view->group_bytes += key_.size();
  text_bytes_ += key_.size();
  view->group_by_key.emplace(group.key, index);
  return index;
}

DeltaCell* Combiner::FindCell(View* view, uint32_t group_index, int64_t pane, EventTime cut) {
  Group& group = view->groups[group_index];
  if (cut == kNever && group.batch == batch_ && group.pane == pane) {
    return &view->cells[group.cell];
  }
  const auto next = static_cast<uint32_t>(view->cells.size());
  uint32_t cell = next;
  if (cut == kNever && (group.batch != batch_ || pane > group.newest_pane)) {
    // As long as time only goes on. Such a cell cannot be looked up, so that a pane may have a
    // second one if its group comes back to it; merge adds them up.
    group.newest_pane = pane;
  } else {
    cell = view->cell_by_id.try_emplace({group_index, {pane, cut}}, next).first->second;
  }
  if (cell == next) {
    view->cells.emplace_back();
    view->cells.back().pane = pane;
    view->cells.back().group = group_index;
    view->cells.back().cut = cut;
  }
  if (cut == kNever) {
    group.batch = batch_;
    group.pane = pane;
    group.cell = cell;
  }
  return &view->cells[cell];
}

// Extends the session last counted in, or else one that began within the same stretch of a gap's
// length. Sessions that turn out to be one are united by merge.
DeltaCell* Combiner::FindSession(View* view, uint32_t group_index, EventTime time) {
  const EventSpan gap = view->plan->session_gap;
  const auto extend = [time, gap](DeltaCell* cell) {
    if (time <= cell->pane - gap || time >= cell->pane + cell->span + gap) return false;
    const EventTime last = std::max(cell->pane + cell->span, time);
    cell->pane = std::min(cell->pane, time);
    cell->span = last - cell->pane;
    return true;
  };
  Group& group = view->groups[group_index];
  if (group.batch == batch_ && extend(&view->cells[group.cell])) return &view->cells[group.cell];
  const auto next = static_cast<uint32_t>(view->cells.size());
  uint32_t& cell =
      view->cell_by_id.try_emplace({group_index, {FloorDivide(time, gap), kNever}}, next)
          .first->second;
  if (cell == next || !extend(&view->cells[cell])) {
    cell = next;
    view->cells.emplace_back();
    view->cells.back().pane = time;
    view->cells.back().group = group_index;
  }
  group.batch = batch_;
  group.cell = cell;
  return &view->cells[cell];
}

void Combiner::CountLate(View* view, int merge_partition, int64_t pane, EventTime cut) {
  const WindowSpec& window = *view->plan->window;
  for (EventTime start = window.FirstWindowStart(pane); start + window.size() <= cut;
       start += window.slide()) {
    ++view->late[{merge_partition, start}];
  }
}

void Combiner::SetIdleFor(int partition, EventSpan idle_for) {
  sources_.at(partition).now.idle_for = idle_for;
}

void Combiner::SetDrained(int partition, int64_t generation) {
  SourcePosition& now = sources_.at(partition).now;
  now.drain_generation = std::max(now.drain_generation, generation);
}

void Combiner::SetPartitions(int partitions) {
  for (auto& source : sources_) source.second.now.partitions = partitions;
}

const SourcePosition* Combiner::position(int partition) const {
  const auto found = sources_.find(partition);
  return found == sources_.end() ? nullptr : &found->second.now;
}

bool Combiner::Differs(const Source& source) {
  const SourcePosition& now = source.now;
  const SourcePosition& sealed = source.sealed;
  if (source.silent) return false;
  return !source.reported || now.end_offset != sealed.end_offset ||
         now.idle_for != sealed.idle_for || now.drain_generation != sealed.drain_generation ||
         now.partitions != sealed.partitions ||
         // Merge has to hear of it even where no record comes.
         now.idle_policy != sealed.idle_policy;
}

bool Combiner::HasChanges() const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const auto& source) { return Differs(source.second); });
}

size_t Combiner::cell_count() const {
  size_t count = 0;
  for (const View& view : views_) count += view.cells.size();
  return count;
}

size_t Combiner::batch_bytes() const {
  size_t bytes = text_bytes_;
  for (const View& view : views_) {
    bytes +=
        view.cells.size() * (kCellOverhead + view.plan->stateful.size() * sizeof(AggregateState));
  }
  return bytes;
}

Combiner::Batch Combiner::Seal() {
  Batch batch;
  for (auto& entry : sources_) {
    Source& source = entry.second;
    if (!Differs(source)) continue;
    source.now.plan_generation = plan_->plan_generation;
    source.now.watermark_delay = plan_->watermark_delay;
    batch.positions.push_back(source.now);
    source.now.base_offset = source.now.end_offset;
    source.sealed = source.now;
    source.reported = true;
  }
  if (batch.positions.empty()) return batch;
  batch.frames.resize(plan_->merge_partitions);
  for (size_t i = 0; i < views_.size(); ++i) SealView(static_cast<int>(i), &batch.frames);
  for (Frame& frame : batch.frames) frame.positions = batch.positions;
  ++batch_;
  text_bytes_ = 0;
  return batch;
}

void Combiner::SealView(int index, std::vector<Frame>* frames) {
  View& view = views_[index];
  std::vector<ViewDelta> deltas(frames->size());
  const size_t share = view.cells.size() / frames->size();
  for (ViewDelta& delta : deltas) delta.cells.reserve(share + share / 4);
  for (DeltaCell& cell : view.cells) {
    Group& group = view.groups[cell.group];
    ViewDelta& delta = deltas[group.merge_partition];
    if (group.frame_batch != batch_) {
      group.frame_batch = batch_;
      group.frame_group = static_cast<uint32_t>(delta.groups.size());
      delta.groups.emplace_back(group.key);
    }
    delta.cells.push_back(std::move(cell));
    delta.cells.back().group = group.frame_group;
  }
  for (const auto& late : view.late) {
    deltas[late.first.first].late.push_back(LateCount{late.first.second, late.second});
  }
  for (size_t m = 0; m < frames->size(); ++m) {
    if (deltas[m].cells.empty() && deltas[m].late.empty()) continue;
    deltas[m].view = index;
    std::sort(
        deltas[m].late.begin(), deltas[m].late.end(),
        [](const LateCount& a, const LateCount& b) { return a.window_start < b.window_start; });
    (*frames)[m].views.push_back(std::move(deltas[m]));
  }
  view.cells.clear();
  // The next batch is much like this one, and a large map gives its memory back when it is cleared.
  const size_t size = view.cell_by_id.size();
  view.cell_by_id.clear();
  view.cell_by_id.reserve(size);
  view.late.clear();
  if (view.groups.size() > kMaxCachedGroups || view.group_bytes > kMaxCachedGroupBytes) {
    ForgetGroups(&view);
  }
}

}  // namespace windrow::aggregator
