#include "services/aggregator/core/merger.h"

#include <algorithm>

#include "services/aggregator/core/pane_store.h"
#include "services/aggregator/core/session_store.h"

namespace windrow::aggregator {

Merger::Merger(std::shared_ptr<const PipelinePlan> plan)
    : plan_(std::move(plan)), closer_(plan_.get()), views_(plan_->views.size()) {
  for (size_t i = 0; i < views_.size(); ++i) {
    const ViewPlan& view = plan_->views[i];
    views_[i].plan = &view;
    if (view.is_session()) {
      views_[i].rows = std::make_unique<SessionStore>(&view);
    } else {
      views_[i].rows = std::make_unique<PaneStore>(&view);
    }
  }
}

Closes Merger::closes() const { return {closer_.closed_through(), closer_.unchangeable_through()}; }

void Merger::Apply(const Frame& frame) {
  advanced_ = true;
  // Deltas before positions: what a batch counted is in time for the windows that it closes.
  for (const ViewDelta& delta : frame.views) {
    View& view = views_[delta.view];
    expired_ += view.rows->Apply(delta, closes());
    for (const LateCount& late : delta.late) AddLate(&view, late);
  }
  for (const SourcePosition& position : frame.positions) closer_.Update(position);
  closer_.Advance();
  for (const int64_t time_ms : frame.record_times_ms) {
    newest_record_time_ms_ = std::max(newest_record_time_ms_, time_ms);
  }
}

void Merger::AddLate(View* view, const LateCount& late) {
  const EventTime start = IsOlder(*view, late.window_start) ? kOlderWindows : late.window_start;
  view->late[start] += late.records;
  view->dirty_late.insert(start);
}

MergeChanges Merger::TakeChanges(int64_t clock_us) {
  MergeChanges changes;
  changes.advanced = advanced_;
  advanced_ = false;
  CountClosed();
  changes.views.resize(views_.size());
  for (size_t i = 0; i < views_.size(); ++i) {
    View& view = views_[i];
    const bool due = IsDue(view, clock_us);
    view.rows->TakeRows(closer_.closed_through(), due, &changes.views[i]);
    if (due && clock_us != kAllDue) view.due_us = clock_us + view.plan->emit_interval;
    TakeLate(&view, &changes.views[i]);
  }
  Evict();
  changes.progress = Progress();
  return changes;
}

// Before Evict, which may forget what has closed.
void Merger::CountClosed() {
  const EventTime through = closer_.closed_through();
  if (through == counted_through_) return;
  for (View& view : views_) {
    view.windows_closed +=
        view.rows->OpenEnds(counted_through_, through, std::numeric_limits<size_t>::max()).size();
  }
  counted_through_ = through;
}

bool Merger::IsDue(const View& view, int64_t clock_us) {
  return view.plan->emit != EmitMode::kInterval || clock_us >= view.due_us ||
         // The clock was set back.
         clock_us < view.due_us - view.plan->emit_interval;
}

void Merger::TakeLate(View* view, ViewChanges* changes) {
  for (const EventTime start : view->dirty_late) {
    changes->late.push_back(LateCount{start, view->late[start]});
  }
  view->dirty_late.clear();
}

void Merger::DropChanges() {
  advanced_ = false;
  counted_through_ = closer_.closed_through();
  for (View& view : views_) {
    view.rows->DropRows(closer_.closed_through());
    view.dirty_late.clear();
  }
  Evict();
}

int64_t Merger::next_due_us() const {
  int64_t next = kAllDue;
  for (const View& view : views_) {
    if (view.rows->has_waiting_rows()) next = std::min(next, view.due_us);
  }
  return next;
}

size_t Merger::cell_count() const {
  size_t count = 0;
  for (const View& view : views_) count += view.rows->cell_count();
  return count;
}

size_t Merger::group_count() const {
  size_t count = 0;
  for (const View& view : views_) count += view.rows->group_count();
  return count;
}

size_t Merger::bytes() const {
  size_t bytes = 0;
  for (const View& view : views_) bytes += view.rows->bytes();
  return bytes;
}

void Merger::Evict() {
  for (View& view : views_) {
    view.rows->Evict(closer_.unchangeable_through());
    EvictLate(&view);
  }
}

void Merger::EvictLate(View* view) {
  const auto first = view->late.upper_bound(kOlderWindows);
  auto last = first;
  while (last != view->late.end() && IsOlder(*view, last->first)) ++last;
  view->late.erase(first, last);
}

// Late records of sessions are counted together from the start.
bool Merger::IsOlder(const View& view, EventTime window_start) const {
  return !view.plan->is_session() && closer_.closed_through() != kNever &&
         window_start + view.plan->window->size() <=
             closer_.closed_through() - plan_->correction_horizon;
}

MergeProgress Merger::Progress() const {
  MergeProgress progress;
  progress.closed_through = closer_.closed_through();
  progress.unchangeable_through = closer_.unchangeable_through();
  progress.drain_generation = closer_.drain_generation();
  progress.expired = expired_;
  progress.discontinuities = closer_.discontinuities();
  progress.newest_record_time_ms = newest_record_time_ms_;
  for (const auto& source : closer_.sources()) {
    if (source.has_value()) progress.sources.push_back(*source);
  }
  return progress;
}

MergeImage Merger::Image() const {
  MergeImage image;
  image.progress = Progress();
  for (const View& view : views_) {
    ViewImage& added = image.views.emplace_back();
    added.rows = view.rows->Image();
    for (const auto& late : view.late) added.late.push_back(LateCount{late.first, late.second});
  }
  return image;
}

void Merger::Restore(const MergeSnapshot& snapshot) {
  const MergeProgress& progress = snapshot.progress;
  closer_.Restore(progress.sources, progress.closed_through, progress.unchangeable_through,
                  progress.drain_generation, progress.discontinuities);
  expired_ = progress.expired;
  counted_through_ = closer_.closed_through();
  for (const ViewSnapshot& part : snapshot.views) {
    View& view = views_[part.cells.view];
    view.rows->Restore(part, closes());
    for (const LateCount& late : part.cells.late) view.late[late.window_start] = late.records;
  }
}

}  // namespace windrow::aggregator
