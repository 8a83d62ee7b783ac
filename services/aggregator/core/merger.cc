#include "services/aggregator/core/merger.h"

#include <algorithm>

namespace windrow::aggregator {

Merger::Merger(std::shared_ptr<const PipelinePlan> plan)
    : plan_(std::move(plan)), closer_(plan_.get()), views_(plan_->views.size()) {
  for (size_t i = 0; i < views_.size(); ++i) views_[i].plan = &plan_->views[i];
}

void Merger::Apply(const Frame& frame) {
  advanced_ = true;
  // Deltas before positions: what a batch counted is in time for the windows that it closes.
  for (const ViewDelta& delta : frame.views) ApplyDelta(delta);
  for (const SourcePosition& position : frame.positions) closer_.Update(position);
  closer_.Advance();
}

void Merger::ApplyDelta(const ViewDelta& delta) {
  View& view = views_[delta.view];
  std::vector<uint32_t> ids;
  ids.reserve(delta.groups.size());
  for (const std::string& group : delta.groups) ids.push_back(view.groups.Intern(group));
  absl::flat_hash_set<RowId> corrected;
  for (const DeltaCell& cell : delta.cells) AddCell(&view, ids[cell.group], cell, &corrected);
  for (const RowId& row : corrected) {
    uint32_t& revision = view.revisions[row];
    if (revision == 0) view.groups.AddReference(row.second);
    ++revision;
  }
  for (const uint32_t id : ids) view.groups.FreeIfUnused(id);
  for (const LateCount& late : delta.late) AddLate(&view, late);
}

void Merger::AddCell(View* view, uint32_t group, const DeltaCell& cell,
                     absl::flat_hash_set<RowId>* corrected) {
  const WindowSpec& window = view->plan->window;
  // Windows that can change no more are refused in the same way as windows that are late.
  const EventTime refused = window.CutOf(cell.pane, closer_.unchangeable_through());
  const EventTime cut = std::max(cell.cut, refused);
  if (refused > cell.cut) expired_ += cell.accepted;
  const EventTime last_end = window.LastWindowEnd(cell.pane);
  if (cut == last_end) return;

  Pane& pane = view->panes[cell.pane];
  uint64_t& records = cut == kNever ? pane.cells[group] : pane.cut_cells[group][cut];
  if (records == 0) {
    view->groups.AddReference(group);
    ++cell_count_;
  }
  records += cell.accepted;
  view->dirty.emplace_back(group, cell.pane);
  const EventTime first_end =
      cut == kNever ? window.FirstWindowEnd(cell.pane) : cut + window.slide();
  for (EventTime end = first_end; end <= std::min(closer_.closed_through(), last_end);
       end += window.slide()) {
    corrected->insert(RowId(end - window.size(), group));
  }
}

void Merger::AddLate(View* view, const LateCount& late) {
  const EventTime start = IsOlder(*view, late.window_start) ? kOlderWindows : late.window_start;
  view->late[start] += late.records;
  view->dirty_late.insert(start);
}

MergeChanges Merger::TakeChanges() {
  MergeChanges changes;
  changes.advanced = advanced_;
  advanced_ = false;
  changes.views.reserve(views_.size());
  for (View& view : views_) changes.views.push_back(TakeViewChanges(&view));
  Evict();
  changes.progress = Progress();
  return changes;
}

void Merger::DropChanges() {
  advanced_ = false;
  for (View& view : views_) {
    view.dirty.clear();
    view.dirty_late.clear();
  }
  Evict();
}

ViewChanges Merger::TakeViewChanges(View* view) {
  ViewChanges changes;
  const WindowSpec& window = view->plan->window;
  std::sort(view->dirty.begin(), view->dirty.end());
  view->dirty.erase(std::unique(view->dirty.begin(), view->dirty.end()), view->dirty.end());
  // Windows of one group, as long as they follow each other closely enough to share panes.
  std::vector<EventTime> windows;
  for (size_t i = 0; i < view->dirty.size();) {
    const uint32_t group = view->dirty[i].first;
    const auto group_index = static_cast<uint32_t>(changes.groups.size());
    changes.groups.push_back(view->groups.key(group));
    for (; i < view->dirty.size() && view->dirty[i].first == group; ++i) {
      const int64_t pane = view->dirty[i].second;
      EventTime start = window.FirstWindowStart(pane);
      if (!windows.empty() && start > windows.back() + window.slide()) {
        AppendRows(*view, group, windows, group_index, &changes.rows);
        windows.clear();
      }
      if (!windows.empty()) start = std::max(start, windows.back() + window.slide());
      for (; start <= window.LastWindowStart(pane); start += window.slide()) {
        windows.push_back(start);
      }
    }
    AppendRows(*view, group, windows, group_index, &changes.rows);
    windows.clear();
  }
  view->dirty.clear();
  for (const EventTime start : view->dirty_late) {
    changes.late.push_back(LateCount{start, view->late[start]});
  }
  view->dirty_late.clear();
  return changes;
}

// Slides over the group's panes once, however many windows share them.
void Merger::AppendRows(const View& view, uint32_t group, const std::vector<EventTime>& windows,
                        uint32_t group_index, std::vector<RowChange>* rows) const {
  if (windows.empty()) return;
  const WindowSpec& window = view.plan->window;
  const int64_t length = window.panes_per_window();
  std::vector<std::pair<int64_t, uint64_t>> panes;
  bool any_cut = false;
  for (auto pane = view.panes.lower_bound(window.FirstPane(windows.front()));
       pane != view.panes.end() && pane->first < window.FirstPane(windows.back()) + length;
       ++pane) {
    const auto cell = pane->second.cells.find(group);
    if (cell != pane->second.cells.end()) panes.emplace_back(pane->first, cell->second);
    any_cut = any_cut || pane->second.cut_cells.contains(group);
  }
  size_t first = 0;
  size_t next = 0;
  uint64_t sum = 0;
  for (const EventTime start : windows) {
    const int64_t first_pane = window.FirstPane(start);
    for (; next < panes.size() && panes[next].first < first_pane + length; ++next) {
      sum += panes[next].second;
    }
    for (; first < next && panes[first].first < first_pane; ++first) sum -= panes[first].second;
    uint64_t accepted = sum;
    if (any_cut) {
      accepted += CutRecords(view, group, first_pane, first_pane + length, start + window.size());
    }
    // A pane may belong to windows in which none of its records counts, because all were late.
    if (accepted == 0) continue;
    // Windows that could change no more at the last eviction have lost panes since.
    if (start + window.size() <= evicted_through_) continue;
    const auto revision = view.revisions.find(RowId(start, group));
    rows->push_back(RowChange{group_index, start, accepted,
                              revision == view.revisions.end() ? 0 : revision->second});
  }
}

uint64_t Merger::CutRecords(const View& view, uint32_t group, int64_t first_pane, int64_t end_pane,
                            EventTime window_end) {
  uint64_t records = 0;
  for (auto pane = view.panes.lower_bound(first_pane);
       pane != view.panes.end() && pane->first < end_pane; ++pane) {
    const auto cells = pane->second.cut_cells.find(group);
    if (cells == pane->second.cut_cells.end()) continue;
    for (const auto& cell : cells->second) {
      if (window_end > cell.first) records += cell.second;
    }
  }
  return records;
}

size_t Merger::group_count() const {
  size_t count = 0;
  for (const View& view : views_) count += view.groups.size();
  return count;
}

void Merger::Evict() {
  evicted_through_ = closer_.unchangeable_through();
  if (evicted_through_ == kNever) return;
  for (View& view : views_) {
    EvictPanes(&view);
    EvictRevisions(&view);
    EvictLate(&view);
  }
}

void Merger::EvictPanes(View* view) {
  const WindowSpec& window = view->plan->window;
  while (!view->panes.empty() &&
         window.LastWindowEnd(view->panes.begin()->first) <= evicted_through_) {
    const Pane& pane = view->panes.begin()->second;
    for (const auto& cell : pane.cells) view->groups.Release(cell.first);
    for (const auto& cells : pane.cut_cells) {
      for (size_t i = 0; i < cells.second.size(); ++i) view->groups.Release(cells.first);
      cell_count_ -= cells.second.size();
    }
    cell_count_ -= pane.cells.size();
    view->panes.erase(view->panes.begin());
  }
}

void Merger::EvictRevisions(View* view) {
  const EventSpan size = view->plan->window.size();
  while (!view->revisions.empty() &&
         view->revisions.begin()->first.first + size <= evicted_through_) {
    view->groups.Release(view->revisions.begin()->first.second);
    view->revisions.erase(view->revisions.begin());
  }
}

void Merger::EvictLate(View* view) {
  const auto first = view->late.upper_bound(kOlderWindows);
  auto last = first;
  while (last != view->late.end() && IsOlder(*view, last->first)) ++last;
  view->late.erase(first, last);
}

bool Merger::IsOlder(const View& view, EventTime window_start) const {
  return closer_.closed_through() != kNever &&
         window_start + view.plan->window.size() <=
             closer_.closed_through() - plan_->correction_horizon;
}

MergeProgress Merger::Progress() const {
  MergeProgress progress;
  progress.closed_through = closer_.closed_through();
  progress.unchangeable_through = closer_.unchangeable_through();
  progress.drain_generation = closer_.drain_generation();
  progress.expired = expired_;
  progress.discontinuities = closer_.discontinuities();
  for (const auto& source : closer_.sources()) {
    if (source.has_value()) progress.sources.push_back(*source);
  }
  return progress;
}

MergeSnapshot Merger::Snapshot() const {
  MergeSnapshot snapshot;
  snapshot.progress = Progress();
  for (size_t i = 0; i < views_.size(); ++i) {
    snapshot.views.push_back(SnapshotView(views_[i]));
    snapshot.views.back().cells.view = static_cast<int>(i);
  }
  return snapshot;
}

MergeSnapshot::View Merger::SnapshotView(const View& view) {
  MergeSnapshot::View snapshot;
  ViewDelta& cells = snapshot.cells;
  absl::flat_hash_map<uint32_t, uint32_t> index_by_group;
  const auto index_of = [&](uint32_t group) {
    const auto inserted =
        index_by_group.try_emplace(group, static_cast<uint32_t>(cells.groups.size()));
    if (inserted.second) cells.groups.push_back(view.groups.key(group));
    return inserted.first->second;
  };
  for (const auto& pane : view.panes) {
    for (const auto& cell : pane.second.cells) {
      cells.cells.push_back(DeltaCell{pane.first, index_of(cell.first), kNever, cell.second});
    }
    for (const auto& group : pane.second.cut_cells) {
      for (const auto& cell : group.second) {
        cells.cells.push_back(
            DeltaCell{pane.first, index_of(group.first), cell.first, cell.second});
      }
    }
  }
  for (const auto& late : view.late) cells.late.push_back(LateCount{late.first, late.second});
  for (const auto& revision : view.revisions) {
    snapshot.revisions.push_back(
        RowRevision{revision.first.first, view.groups.key(revision.first.second), revision.second});
  }
  return snapshot;
}

void Merger::Restore(const MergeSnapshot& snapshot) {
  const MergeProgress& progress = snapshot.progress;
  closer_.Restore(progress.sources, progress.closed_through, progress.unchangeable_through,
                  progress.drain_generation, progress.discontinuities);
  expired_ = progress.expired;
  evicted_through_ = closer_.unchangeable_through();
  for (const MergeSnapshot::View& view : snapshot.views) RestoreView(view);
}

void Merger::RestoreView(const MergeSnapshot::View& snapshot) {
  View& view = views_[snapshot.cells.view];
  for (const DeltaCell& cell : snapshot.cells.cells) {
    const uint32_t group = view.groups.Intern(snapshot.cells.groups[cell.group]);
    Pane& pane = view.panes[cell.pane];
    (cell.cut == kNever ? pane.cells[group] : pane.cut_cells[group][cell.cut]) = cell.accepted;
    view.groups.AddReference(group);
    ++cell_count_;
  }
  for (const LateCount& late : snapshot.cells.late) view.late[late.window_start] = late.records;
  for (const RowRevision& revision : snapshot.revisions) {
    const uint32_t group = view.groups.Intern(revision.group);
    view.groups.AddReference(group);
    view.revisions[RowId(revision.window_start, group)] = revision.revision;
  }
}

}  // namespace windrow::aggregator
