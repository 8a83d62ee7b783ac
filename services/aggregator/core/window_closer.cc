#include "services/aggregator/core/window_closer.h"

#include <algorithm>
#include <limits>

namespace windrow::aggregator {
void WindowCloser::Update(const SourcePosition& position) {
  const size_t partitions = std::max(position.partitions, position.partition + 1);
  if (sources_.size() < partitions) sources_.resize(partitions);
  absl::optional<SourcePosition>& known = sources_[position.partition];
  if (known.has_value() && known->end_offset != position.base_offset) ++discontinuities_;
  known = position;
  // Owners may differ in how many partitions they see; the largest number counts, also in
  // snapshots.
  known->partitions = static_cast<int>(sources_.size());
  NotePolicy(position);
}

void WindowCloser::NotePolicy(const SourcePosition& position) {
  // Owners take up a change one after another.
  if (position.plan_generation < policy_generation_) return;
  policy_generation_ = position.plan_generation;
  idle_policy_ = position.idle_policy.value_or(plan_->declared_idle_policy);
}

void WindowCloser::Advance() {
  if (!AllHeardOf()) return;
  int64_t drained = std::numeric_limits<int64_t>::max();
  for (const auto& source : sources_) drained = std::min(drained, source->drain_generation);
  EventTime through = Allowed();
  if (drained > drain_generation_) {
    drain_generation_ = drained;
    through = std::max(through, LastEnd());
  }
  closed_through_ = std::max(closed_through_, through);
  unchangeable_through_ = std::max(unchangeable_through_, NewlyUnchangeable());
}

bool WindowCloser::AllHeardOf() const {
  return !sources_.empty() && std::all_of(sources_.begin(), sources_.end(),
                                          [](const auto& source) { return source.has_value(); });
}

EventTime WindowCloser::Allowed() const {
  EventTime least = std::numeric_limits<EventTime>::max();
  EventSpan least_idle = std::numeric_limits<EventSpan>::max();
  bool all_idle = true;
  for (const auto& source : sources_) {
    least_idle = std::min(least_idle, source->idle_for);
    if (IsIdleFor(source->idle_for, idle_policy_.idle_timeout)) continue;
    all_idle = false;
    least = std::min(least, source->watermark);
  }
  if (idle_policy_.all_idle == AllIdle::kCloseAfter &&
      IsIdleFor(least_idle, idle_policy_.close_after)) {
    return LastEnd();
  }
  return all_idle ? AllowedWhenAllIdle() : least;
}

EventTime WindowCloser::AllowedWhenAllIdle() const {
  if (idle_policy_.all_idle != AllIdle::kWallClock) return kNever;
  EventTime largest = kNever;
  EventSpan least_idle = std::numeric_limits<EventSpan>::max();
  for (const auto& source : sources_) {
    largest = std::max(largest, source->watermark);
    least_idle = std::min(least_idle, source->idle_for);
  }
  if (largest == kNever) return kNever;
  return std::min(largest + least_idle, LastEnd());
}

EventTime WindowCloser::LastEnd() const {
  EventTime latest = kNever;
  for (const auto& source : sources_) latest = std::max(latest, source->max_event_time);
  if (latest == kNever) return kNever;
  EventTime end = kNever;
  for (const ViewPlan& view : plan_->views) {
    end = std::max(end, view.LastEndOf(latest));
  }
  return end;
}

EventTime WindowCloser::NewlyUnchangeable() const {
  if (closed_through_ == kNever) return kNever;
  EventTime least = closed_through_;
  for (const auto& source : sources_) least = std::min(least, source->watermark);
  return std::max(least, closed_through_ - plan_->correction_horizon);
}

void WindowCloser::Restore(const std::vector<SourcePosition>& sources, EventTime closed_through,
                           EventTime unchangeable_through, int64_t drain_generation,
                           uint64_t discontinuities) {
  sources_.clear();
  for (const SourcePosition& source : sources) {
    const size_t partitions = std::max(source.partitions, source.partition + 1);
    if (sources_.size() < partitions) sources_.resize(partitions);
    sources_[source.partition] = source;
    // A source never goes back to an older generation, so the last ones tell the highest.
    NotePolicy(source);
  }
  closed_through_ = closed_through;
  unchangeable_through_ = unchangeable_through;
  drain_generation_ = drain_generation;
  discontinuities_ = discontinuities;
}

}  // namespace windrow::aggregator
