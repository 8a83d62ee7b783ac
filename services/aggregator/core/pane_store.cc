#include "services/aggregator/core/pane_store.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "services/aggregator/core/shard_reader.h"

namespace windrow::aggregator {
namespace {

constexpr EventTime kForever = std::numeric_limits<EventTime>::max();
// Of a cell in a pane's map, and its share of the pane.
constexpr size_t kCellOverhead = 64;
constexpr int64_t kPanesWithoutBlocks = 8;
constexpr int kMaxLevel = 10;
static_assert(int64_t{1} << kMaxLevel <= WindowSpec::kMaxPanesPerWindow);

}  // namespace

// Cells that count in every window of their pane come first.
class PaneStore::PaneImage : public RowImage {
 public:
  explicit PaneImage(const PaneStore& store)
      : keys_(store.groups_.Share()), revisions_(store.revisions_.begin(), store.revisions_.end()) {
    cells_.Reserve(store.panes_.size());
    for (const auto& pane : store.panes_) cells_.Add(pane.first, pane.second->cells);
    for (const int64_t pane : store.cut_panes_) {
      cut_cells_.Add(pane, store.panes_.at(pane)->cut_cells);
    }
  }

  const std::string* NextCell(DeltaCell* cell) override {
    const auto* entry = cells_.Next();
    if (entry != nullptr) return Read(cells_.pane(), entry->first, kNever, entry->second, cell);
    while (cuts_ == nullptr || cut_ == cuts_->second.end()) {
      cuts_ = cut_cells_.Next();
      if (cuts_ == nullptr) return nullptr;
      cut_ = cuts_->second.begin();
    }
    const auto& cut = *cut_++;
    return Read(cut_cells_.pane(), cuts_->first, cut.first, cut.second, cell);
  }

  bool NextRevision(RowRevision* revision) override {
    if (next_revision_ == revisions_.size()) return false;
    const auto& next = revisions_[next_revision_++];
    *revision = RowRevision{next.first.first, (*keys_)[next.first.second], next.second};
    return true;
  }

 private:
  using CutsOfGroup = absl::flat_hash_map<EventTime, Cell>;

  const std::string* Read(int64_t pane, uint32_t group, EventTime cut, const Cell& cell,
                          DeltaCell* out) const {
    out->pane = pane;
    out->group = group;
    out->cut = cut;
    out->accepted = cell.accepted;
    out->states = cell.states;
    return &(*keys_)[group];
  }

  const std::shared_ptr<const GroupDictionary::Keys> keys_;
  ShardReader<Cell> cells_;
  ShardReader<CutsOfGroup> cut_cells_;
  const ShardReader<CutsOfGroup>::Entry* cuts_ = nullptr;
  CutsOfGroup::const_iterator cut_;
  std::vector<std::pair<RowId, uint32_t>> revisions_;
  size_t next_revision_ = 0;
};

uint64_t PaneStore::Apply(const ViewDelta& delta, const Closes& closes) {
  std::vector<uint32_t> ids;
  ids.reserve(delta.groups.size());
  for (const std::string& group : delta.groups) ids.push_back(groups_.Intern(group));
  uint64_t expired = 0;
  absl::flat_hash_set<RowId> corrected;
  fresh_.reserve(fresh_.size() + delta.cells.size());
  for (const DeltaCell& cell : delta.cells) {
    // Windows that can change no more are refused in the same way as windows that are late.
    const EventTime refused = window_.CutOf(cell.pane, closes.unchangeable_through);
    if (refused > cell.cut) expired += cell.accepted;
    const EventTime cut = std::max(cell.cut, refused);
    if (cut == window_.LastWindowEnd(cell.pane)) continue;
    AddCell(ids[cell.group], cell, cut, closes.closed_through, &corrected);
  }
  for (const RowId& row : corrected) {
    uint32_t& revision = revisions_[row];
    if (revision == 0) groups_.AddReference(row.second);
    ++revision;
  }
  for (const uint32_t id : ids) groups_.FreeIfUnused(id);
  return expired;
}

void PaneStore::AddCell(uint32_t group, const DeltaCell& delta, EventTime cut,
                        EventTime closed_through, absl::flat_hash_set<RowId>* corrected) {
  Pane& pane = PaneAt(delta.pane);
  if (cut == kNever) {
    ForgetBlocks(delta.pane);
  } else {
    cut_panes_.insert(delta.pane);
  }
  Cell& cell = cut == kNever ? pane.cells[group] : pane.cut_cells[group][cut];
  if (cell.accepted == 0) {
    groups_.AddReference(group);
    ++cell_count_;
  }
  state_bytes_ -= StatesBytes(cell.states);
  cell.Add(plan_, delta.accepted, delta.states);
  state_bytes_ += StatesBytes(cell.states);
  fresh_.emplace_back(group, delta.pane);
  const EventTime first_end =
      cut == kNever ? window_.FirstWindowEnd(delta.pane) : cut + window_.slide();
  const EventTime last_end = std::min(closed_through, window_.LastWindowEnd(delta.pane));
  for (EventTime end = first_end; end <= last_end; end += window_.slide()) {
    corrected->insert(RowId(end - window_.size(), group));
  }
}

// Most new panes come behind all others.
PaneStore::Pane& PaneStore::PaneAt(int64_t index) {
  auto place = panes_.end();
  if (!panes_.empty() && std::prev(place)->first >= index) {
    place = panes_.lower_bound(index);
    if (place->first == index) return *place->second;
  }
  return *panes_.emplace_hint(place, index, std::make_unique<Pane>())->second;
}

// ---- Rows that changed

void PaneStore::TakeRows(EventTime closed_through, bool due, ViewChanges* changes) {
  const bool only_final = plan_.emit == EmitMode::kFinal;
  const bool all = due && !only_final;
  std::vector<ChangedCell> cells;
  cells.reserve(fresh_.size() + waiting_.size());
  const EventTime fresh_through = all ? kForever : only_final ? taken_through_ : closed_through;
  for (const CellId& cell : fresh_) cells.push_back({cell, {kNever, fresh_through}});
  for (const CellId& cell : waiting_) {
    cells.push_back({cell, {taken_through_, all ? kForever : closed_through}});
  }
  AppendChanged(std::move(cells), changes);
  if (only_final) AppendClosed({taken_through_, closed_through}, changes);
  taken_through_ = closed_through;

  if (all) waiting_.clear();
  if (!all && !only_final) {
    waiting_.insert(waiting_.end(), fresh_.begin(), fresh_.end());
    KeepOpen(&waiting_);
  }
  fresh_.clear();
}

void PaneStore::DropRows(EventTime closed_through) {
  taken_through_ = closed_through;
  // Of open rows nobody knows whether they were due.
  if (plan_.emit == EmitMode::kInterval) {
    waiting_.insert(waiting_.end(), fresh_.begin(), fresh_.end());
    KeepOpen(&waiting_);
  }
  fresh_.clear();
}

// Leaves, each once, the cells that have windows not closed yet.
void PaneStore::KeepOpen(std::vector<CellId>* cells) const {
  const auto is_closed = [this](const CellId& cell) {
    return window_.LastWindowEnd(cell.second) <= taken_through_;
  };
  cells->erase(std::remove_if(cells->begin(), cells->end(), is_closed), cells->end());
  std::sort(cells->begin(), cells->end());
  cells->erase(std::unique(cells->begin(), cells->end()), cells->end());
}

void PaneStore::AppendChanged(std::vector<ChangedCell> cells, ViewChanges* changes) const {
  std::sort(cells.begin(), cells.end(),
            [](const ChangedCell& a, const ChangedCell& b) { return a.id < b.id; });
  const bool alike = fresh_.empty() || waiting_.empty();
  changes->rows.reserve(changes->rows.size() + 2 * cells.size());
  std::vector<EventTime> windows;
  SlidingSum sum(&plan_);
  for (size_t i = 0; i < cells.size();) {
    const uint32_t group = cells[i].id.first;
    windows.clear();
    for (; i < cells.size() && cells[i].id.first == group; ++i) {
      const int64_t pane = cells[i].id.second;
      const EventTime passed = window_.CutOf(pane, cells[i].ends.after);
      EventTime end = passed == kNever ? window_.FirstWindowEnd(pane) : passed + window_.slide();
      // Cells with alike ranges have their windows in order, and share many of them.
      if (alike && !windows.empty()) {
        end = std::max(end, windows.back() + window_.size() + window_.slide());
      }
      const EventTime last = std::min(window_.LastWindowEnd(pane), cells[i].ends.through);
      for (; end <= last; end += window_.slide()) windows.push_back(end - window_.size());
    }
    if (!alike) {
      std::sort(windows.begin(), windows.end());
      windows.erase(std::unique(windows.begin(), windows.end()), windows.end());
    }
    AppendRows(group, windows, &sum, changes);
  }
}

// Cuts the windows, in order, into runs that follow each other closely enough to share panes.
void PaneStore::AppendRows(uint32_t group, const std::vector<EventTime>& windows, SlidingSum* sum,
                           ViewChanges* changes) const {
  if (windows.empty()) return;
  const auto group_index = static_cast<uint32_t>(changes->groups.size());
  changes->groups.push_back(groups_.key(group));
  for (size_t begin = 0; begin < windows.size();) {
    size_t end = begin + 1;
    while (end < windows.size() && windows[end] - windows[end - 1] < window_.size()) ++end;
    AppendRun(group, group_index, absl::MakeSpan(windows).subspan(begin, end - begin), sum,
              changes);
    begin = end;
  }
}

// Slides over the group's panes once, however many windows share them.
void PaneStore::AppendRun(uint32_t group, uint32_t group_index, absl::Span<const EventTime> windows,
                          SlidingSum* sum, ViewChanges* changes) const {
  const int64_t length = window_.panes_per_window();
  auto pane = panes_.lower_bound(window_.FirstPane(windows.front()));
  sum->Clear();
  for (const EventTime start : windows) {
    const int64_t first_pane = window_.FirstPane(start);
    for (; pane != panes_.end() && pane->first < first_pane + length; ++pane) {
      const Cell* cell = pane->second->cells.Find(group);
      if (cell != nullptr) sum->Push(pane->first, cell);
    }
    sum->PopBefore(first_pane);
    Cell row = sum->Sum();
    AddCutCells(group, first_pane, start + window_.size(), &row);
    AppendRow(group, group_index, start, row, changes);
  }
}

void PaneStore::AddCutCells(uint32_t group, int64_t first_pane, EventTime window_end,
                            Cell* row) const {
  const int64_t end_pane = first_pane + window_.panes_per_window();
  for (auto pane = cut_panes_.lower_bound(first_pane); pane != cut_panes_.end() && *pane < end_pane;
       ++pane) {
    const auto* cells = panes_.at(*pane)->cut_cells.Find(group);
    if (cells == nullptr) continue;
    for (const auto& cell : *cells) {
      if (window_end > cell.first) row->Add(plan_, cell.second.accepted, cell.second.states);
    }
  }
}

void PaneStore::AppendRow(uint32_t group, uint32_t group_index, EventTime window_start,
                          const Cell& cell, ViewChanges* changes) const {
  // A pane may belong to windows in which none of its records counts, because all were late.
  if (cell.accepted == 0) return;
  // Windows that could change no more at the last eviction have lost panes since.
  if (window_start + window_.size() <= evicted_through_) return;
  RowChange row;
  row.group = group_index;
  row.window_start = window_start;
  row.window_end = window_start + window_.size();
  row.accepted = cell.accepted;
  const auto revision = revisions_.find(RowId(window_start, group));
  if (revision != revisions_.end()) row.revision = revision->second;
  row.values = cell.Values(plan_);
  changes->rows.push_back(std::move(row));
}

// ---- Windows that closed

void PaneStore::AppendClosed(EndRange ends, ViewChanges* changes) {
  if (panes_.empty() || ends.through == kNever) return;
  EventTime end = window_.FirstWindowEnd(panes_.begin()->first);
  if (end <= ends.after) end += ((ends.after - end) / window_.slide() + 1) * window_.slide();
  while (end <= ends.through) {
    const int64_t first_pane = window_.FirstPane(end - window_.size());
    const auto pane = panes_.lower_bound(first_pane);
    if (pane == panes_.end()) return;
    if (pane->first >= first_pane + window_.panes_per_window()) {
      end = window_.FirstWindowEnd(pane->first);
      continue;
    }
    AppendWindow(end - window_.size(), changes);
    end += window_.slide();
  }
}

// The window is the sum of the largest aligned blocks that it holds.
void PaneStore::AppendWindow(EventTime window_start, ViewChanges* changes) {
  int64_t pane = window_.FirstPane(window_start);
  const int64_t end_pane = pane + window_.panes_per_window();
  // A short window has its sum at once.
  const int max_level = window_.panes_per_window() > kPanesWithoutBlocks ? kMaxLevel : 0;
  Cells rows;
  for (auto cut = cut_panes_.lower_bound(pane); cut != cut_panes_.end() && *cut < end_pane; ++cut) {
    panes_.at(*cut)->cut_cells.ForEach([&](uint32_t group, const auto& cells) {
      for (const auto& cell : cells) {
        if (window_start + window_.size() <= cell.first) continue;
        rows[group].Add(plan_, cell.second.accepted, cell.second.states);
      }
    });
  }
  while (pane < end_pane) {
    int level = 0;
    while (level < max_level && pane % (int64_t{2} << level) == 0 &&
           pane + (int64_t{2} << level) <= end_pane) {
      ++level;
    }
    const Cells* block = CellsOf({level, pane >> level});
    if (block != nullptr) AddCells(*block, &rows);
    pane += int64_t{1} << level;
  }
  rows.ForEach([&](uint32_t group, const Cell& row) {
    const auto group_index = static_cast<uint32_t>(changes->groups.size());
    changes->groups.push_back(groups_.key(group));
    AppendRow(group, group_index, window_start, row, changes);
  });
}

// Null for a pane that is empty.
const PaneStore::Cells* PaneStore::CellsOf(BlockId id) {
  if (id.first == 0) {
    const auto pane = panes_.find(id.second);
    return pane == panes_.end() ? nullptr : &pane->second->cells;
  }
  const auto found = blocks_.find(id);
  if (found != blocks_.end()) return &found->second->cells;
  auto block = std::make_unique<Block>();
  for (const int64_t half : {2 * id.second, 2 * id.second + 1}) {
    const Cells* cells = CellsOf({id.first - 1, half});
    if (cells != nullptr) AddCells(*cells, &block->cells);
  }
  block->bytes = block->cells.size() * kCellOverhead;
  block->cells.ForEach(
      [&block](uint32_t, const Cell& cell) { block->bytes += StatesBytes(cell.states); });
  block_bytes_ += block->bytes;
  blocks_end_ = std::max(blocks_end_, (id.second + 1) * (int64_t{1} << id.first));
  return &blocks_.emplace(id, std::move(block)).first->second->cells;
}

void PaneStore::AddCells(const Cells& from, Cells* to) const {
  from.ForEach([&](uint32_t group, const Cell& cell) {
    (*to)[group].Add(plan_, cell.accepted, cell.states);
  });
}

void PaneStore::ForgetBlocks(int64_t pane) {
  if (pane >= blocks_end_) return;
  for (int level = 1; level <= kMaxLevel; ++level) {
    const auto block = blocks_.find({level, pane >> level});
    if (block == blocks_.end()) continue;
    block_bytes_ -= block->second->bytes;
    blocks_.erase(block);
  }
}

// ---- Eviction, snapshots

void PaneStore::Evict(EventTime unchangeable_through) {
  evicted_through_ = unchangeable_through;
  if (evicted_through_ == kNever) return;
  while (!panes_.empty() && window_.LastWindowEnd(panes_.begin()->first) <= evicted_through_) {
    EvictFirstPane();
  }
  while (!revisions_.empty() &&
         revisions_.begin()->first.first + window_.size() <= evicted_through_) {
    groups_.Release(revisions_.begin()->first.second);
    revisions_.erase(revisions_.begin());
  }
}

void PaneStore::EvictFirstPane() {
  const int64_t index = panes_.begin()->first;
  const Pane& pane = *panes_.begin()->second;
  const auto forget = [this](uint32_t group, const Cell& cell) {
    groups_.Release(group);
    state_bytes_ -= StatesBytes(cell.states);
    --cell_count_;
  };
  pane.cells.ForEach(forget);
  pane.cut_cells.ForEach([&](uint32_t group, const auto& cells) {
    for (const auto& cell : cells) forget(group, cell.second);
  });
  cut_panes_.erase(index);
  ForgetBlocks(index);
  panes_.erase(panes_.begin());
}

std::unique_ptr<RowImage> PaneStore::Image() const { return std::make_unique<PaneImage>(*this); }

void PaneStore::Restore(const ViewSnapshot& snapshot, const Closes& closes) {
  taken_through_ = closes.closed_through;
  evicted_through_ = closes.unchangeable_through;
  for (const DeltaCell& delta : snapshot.cells.cells) {
    const uint32_t group = groups_.Intern(snapshot.cells.groups[delta.group]);
    Pane& pane = PaneAt(delta.pane);
    if (delta.cut != kNever) cut_panes_.insert(delta.pane);
    Cell& cell = delta.cut == kNever ? pane.cells[group] : pane.cut_cells[group][delta.cut];
    if (cell.accepted == 0) {
      groups_.AddReference(group);
      ++cell_count_;
    }
    state_bytes_ -= StatesBytes(cell.states);
    // A cell whose states are large comes in several parts.
    cell.Add(plan_, delta.accepted, delta.states);
    state_bytes_ += StatesBytes(cell.states);
    if (plan_.emit == EmitMode::kInterval) waiting_.emplace_back(group, delta.pane);
  }
  KeepOpen(&waiting_);
  for (const RowRevision& revision : snapshot.revisions) {
    const uint32_t group = groups_.Intern(revision.group);
    groups_.AddReference(group);
    revisions_[RowId(revision.window_start, group)] = revision.revision;
  }
}

size_t PaneStore::bytes() const {
  return groups_.bytes() + cell_count_ * kCellOverhead + state_bytes_ + block_bytes_;
}

std::vector<EventTime> PaneStore::OpenEnds(EventTime after, EventTime through, size_t most) const {
  std::vector<EventTime> ends;
  // The first pane that has a window which ends after `after`.
  auto entry =
      after == kNever ? panes_.begin() : panes_.lower_bound(window_.PaneOf(after - window_.size()));
  for (; entry != panes_.end() && window_.FirstWindowEnd(entry->first) <= through; ++entry) {
    EventTime end = window_.FirstWindowEnd(entry->first);
    if (entry->second->cells.empty()) {
      // All its records are late for some of its windows.
      EventTime cut = std::numeric_limits<EventTime>::max();
      entry->second->cut_cells.ForEach([&cut](uint32_t, const auto& cells) {
        for (const auto& cell : cells) cut = std::min(cut, cell.first);
      });
      if (cut == std::numeric_limits<EventTime>::max()) continue;
      end = std::max(end, cut + window_.slide());
    }
    if (!ends.empty()) end = std::max(end, ends.back() + window_.slide());
    if (end <= after) end += ((after - end) / window_.slide() + 1) * window_.slide();
    const EventTime last = std::min(through, window_.LastWindowEnd(entry->first));
    for (; end <= last; end += window_.slide()) {
      if (ends.size() == most) return ends;
      ends.push_back(end);
    }
  }
  return ends;
}

}  // namespace windrow::aggregator
