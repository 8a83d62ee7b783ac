#ifndef SERVICES_AGGREGATOR_CORE_PANE_STORE_H_
#define SERVICES_AGGREGATOR_CORE_PANE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "services/aggregator/core/group_dictionary.h"
#include "services/aggregator/core/row_store.h"
#include "services/aggregator/core/sharded_map.h"
#include "services/aggregator/core/sliding_sum.h"

namespace windrow::aggregator {

// The rows of aligned windows, kept as panes: a record changes one cell however many windows hold
// it, and a window's row is the sum of its panes' cells.
class PaneStore : public RowStore {
 public:
  // `plan`, a view with windows, must outlive the store.
  explicit PaneStore(const ViewPlan* plan) : plan_(*plan), window_(*plan->window) {}

  uint64_t Apply(const ViewDelta& delta, const Closes& closes) override;
  void TakeRows(EventTime closed_through, bool due, ViewChanges* changes) override;
  void DropRows(EventTime closed_through) override;
  bool has_waiting_rows() const override { return !waiting_.empty(); }
  void Evict(EventTime unchangeable_through) override;
  std::unique_ptr<RowImage> Image() const override;
  void Restore(const ViewSnapshot& snapshot, const Closes& closes) override;
  std::vector<EventTime> OpenEnds(EventTime after, EventTime through, size_t most) const override;
  size_t cell_count() const override { return cell_count_; }
  size_t group_count() const override { return groups_.size(); }
  size_t bytes() const override;

 private:
  using Cells = ShardedMap<Cell>;
  // By cut.
  using CutCells = ShardedMap<absl::flat_hash_map<EventTime, Cell>>;
  class PaneImage;

  struct Pane {
    // Records that count in every window of the pane.
    Cells cells;
    // Records that count only in windows that end after a cut; normally empty.
    CutCells cut_cells;
  };

  // A row: start of the window, and group.
  using RowId = std::pair<EventTime, uint32_t>;
  // A cell: group, and pane.
  using CellId = std::pair<uint32_t, int64_t>;
  // 2^level panes from index × 2^level on.
  using BlockId = std::pair<int, int64_t>;
  // The sum of a block's panes.
  struct Block {
    Cells cells;
    size_t bytes = 0;
  };

  // Windows that end after one time, and not after another.
  struct EndRange {
    EventTime after;
    EventTime through;
  };
  // A cell that changed, and which of its windows' rows are to be written.
  struct ChangedCell {
    CellId id;
    EndRange ends;
  };

  void AddCell(uint32_t group, const DeltaCell& cell, EventTime cut, EventTime closed_through,
               absl::flat_hash_set<RowId>* corrected);
  Pane& PaneAt(int64_t index);
  void ForgetBlocks(int64_t pane);

  void AppendChanged(std::vector<ChangedCell> cells, ViewChanges* changes) const;
  void AppendRows(uint32_t group, const std::vector<EventTime>& windows, SlidingSum* sum,
                  ViewChanges* changes) const;
  void AppendRun(uint32_t group, uint32_t group_index, absl::Span<const EventTime> windows,
                 SlidingSum* sum, ViewChanges* changes) const;
  void AppendRow(uint32_t group, uint32_t group_index, EventTime window_start, const Cell& cell,
                 ViewChanges* changes) const;
  void AddCutCells(uint32_t group, int64_t first_pane, EventTime window_end, Cell* cell) const;

  // Appends all rows of windows that end in the range.
  void AppendClosed(EndRange ends, ViewChanges* changes);
  void AppendWindow(EventTime window_start, ViewChanges* changes);
  const Cells* CellsOf(BlockId id);
  void AddCells(const Cells& from, Cells* to) const;

  void KeepOpen(std::vector<CellId>* cells) const;
  void EvictFirstPane();

  const ViewPlan& plan_;
  const WindowSpec& window_;
  GroupDictionary groups_;
  // Pointers, since a node of the tree holds few values as large as panes.
  absl::btree_map<int64_t, std::unique_ptr<Pane>> panes_;
  // Panes that have cut cells.
  absl::btree_set<int64_t> cut_panes_;
  // Sums of aligned blocks of panes, so that a long window is the sum of a few; built when a window
  // closes. Panes from blocks_end_ on are in none.
  absl::flat_hash_map<BlockId, std::unique_ptr<Block>> blocks_;
  int64_t blocks_end_ = std::numeric_limits<int64_t>::min();
  // Cells that changed since rows were last taken, and before that but are still to be written.
  std::vector<CellId> fresh_;
  std::vector<CellId> waiting_;
  absl::btree_map<RowId, uint32_t> revisions_;
  // Windows that end at or before this time were closed when rows were last taken.
  EventTime taken_through_ = kNever;
  // Panes of windows that end at or before this time are gone.
  EventTime evicted_through_ = kNever;
  size_t cell_count_ = 0;
  size_t state_bytes_ = 0;
  size_t block_bytes_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_PANE_STORE_H_
