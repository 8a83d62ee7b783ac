#ifndef SERVICES_AGGREGATOR_CORE_MERGER_H_
#define SERVICES_AGGREGATOR_CORE_MERGER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/group_dictionary.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/window_closer.h"

namespace windrow::aggregator {

// Start of the ledger row that takes the late records of windows older than the ledger keeps.
inline constexpr EventTime kOlderWindows = kNever;

// A row whose value changed; `group` indexes ViewChanges::groups.
struct RowChange {
  uint32_t group = 0;
  EventTime window_start = 0;
  uint64_t accepted = 0;
  // How often it changed after its window had closed.
  uint32_t revision = 0;
};

// What changed in one view.
struct ViewChanges {
  std::vector<std::string> groups;
  std::vector<RowChange> rows;
  // Late counts, cumulative, of windows whose count changed.
  std::vector<LateCount> late;
};

// How far a merge partition is.
struct MergeProgress {
  EventTime closed_through = kNever;
  // Windows that end at or before this time can change no more (see WindowCloser).
  EventTime unchangeable_through = kNever;
  int64_t drain_generation = 0;
  uint64_t expired = 0;
  uint64_t discontinuities = 0;
  std::vector<SourcePosition> sources;
};

// What a merge partition has to write since it was last asked.
struct MergeChanges {
  // By the view's index.
  std::vector<ViewChanges> views;
  // Whether a frame was applied at all.
  bool advanced = false;
  MergeProgress progress;
};

// A row that was corrected after its window had closed.
struct RowRevision {
  EventTime window_start = 0;
  std::string group;
  uint32_t revision = 0;
};

// The whole state of a merge partition as a value.
struct MergeSnapshot {
  struct View {
    // Cells and late counts.
    ViewDelta cells;
    std::vector<RowRevision> revisions;
  };
  MergeProgress progress;
  std::vector<View> views;
};

// The merge stage for one merge partition: a deterministic state machine over the frames of its
// partition of `partials`. Adds deltas into cells, follows the sources' watermarks, closes windows
// and says which rows changed. A value of one thread.
class Merger {
 public:
  explicit Merger(std::shared_ptr<const PipelinePlan> plan);

  // Takes in the next frame of the log.
  void Apply(const Frame& frame);

  // Returns what changed since the last call, and frees cells that can change no more.
  MergeChanges TakeChanges();

  // Same, without computing the rows: for the replay of frames whose rows are written already.
  void DropChanges();

  // The state now; call only when there are no changes to take.
  MergeSnapshot Snapshot() const;
  // Takes over a snapshot; call on a new merger.
  void Restore(const MergeSnapshot& snapshot);

  EventTime closed_through() const { return closer_.closed_through(); }
  int64_t drain_generation() const { return closer_.drain_generation(); }
  // Cells held.
  size_t cell_count() const { return cell_count_; }
  // Groups held, each view's counted for itself.
  size_t group_count() const;
  const WindowCloser& closer() const { return closer_; }

 private:
  struct Pane {
    // Records that count in every window of the pane, by group.
    absl::flat_hash_map<uint32_t, uint64_t> cells;
    // Records that count only in windows that end after a cut; normally empty.
    absl::flat_hash_map<uint32_t, absl::flat_hash_map<EventTime, uint64_t>> cut_cells;
  };

  // A row: start of the window, and group.
  using RowId = std::pair<EventTime, uint32_t>;

  struct View {
    const ViewPlan* plan = nullptr;
    GroupDictionary groups;
    absl::btree_map<int64_t, Pane> panes;
    // Cells that changed since the last TakeChanges: group, pane.
    std::vector<std::pair<uint32_t, int64_t>> dirty;
    absl::btree_map<RowId, uint32_t> revisions;
    absl::btree_map<EventTime, uint64_t> late;
    absl::btree_set<EventTime> dirty_late;
  };

  void ApplyDelta(const ViewDelta& delta);
  void AddCell(View* view, uint32_t group, const DeltaCell& cell,
               absl::flat_hash_set<RowId>* corrected);
  void AddLate(View* view, const LateCount& late);
  ViewChanges TakeViewChanges(View* view);
  void AppendRows(const View& view, uint32_t group, const std::vector<EventTime>& windows,
                  uint32_t group_index, std::vector<RowChange>* rows) const;
  static uint64_t CutRecords(const View& view, uint32_t group, int64_t first_pane, int64_t end_pane,
                             EventTime window_end);
  void Evict();
  void EvictPanes(View* view);
  void EvictRevisions(View* view);
  void EvictLate(View* view);
  bool IsOlder(const View& view, EventTime window_start) const;
  MergeProgress Progress() const;
  static MergeSnapshot::View SnapshotView(const View& view);
  void RestoreView(const MergeSnapshot::View& snapshot);

  std::shared_ptr<const PipelinePlan> plan_;
  WindowCloser closer_;
  std::vector<View> views_;
  size_t cell_count_ = 0;
  uint64_t expired_ = 0;
  // Panes of windows that end at or before this time are gone.
  EventTime evicted_through_ = kNever;
  bool advanced_ = false;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_MERGER_H_
