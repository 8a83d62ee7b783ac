#ifndef SERVICES_AGGREGATOR_CORE_MERGER_H_
#define SERVICES_AGGREGATOR_CORE_MERGER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/row_store.h"
#include "services/aggregator/core/window_closer.h"

namespace windrow::aggregator {

// How far a merge partition is.
struct MergeProgress {
  EventTime closed_through = kNever;
  // Windows that end at or before this time can change no more (see WindowCloser).
  EventTime unchangeable_through = kNever;
  int64_t drain_generation = 0;
  uint64_t expired = 0;
  uint64_t discontinuities = 0;
  std::vector<SourcePosition> sources;
  // Kafka timestamp of the newest record in the frames applied; 0 when none told. Not in snapshots:
  // it only says how old a row is when it is written.
  int64_t newest_record_time_ms = 0;
};

// What a merge partition has to write since it was last asked.
struct MergeChanges {
  // By the view's index.
  std::vector<ViewChanges> views;
  // Whether a frame was applied at all.
  bool advanced = false;
  MergeProgress progress;
};

// The state of a merge partition as it was at one moment.
struct ViewImage {
  std::unique_ptr<RowImage> rows;
  std::vector<LateCount> late;
};
struct MergeImage {
  MergeProgress progress;
  // By the view's index.
  std::vector<ViewImage> views;
};

// The same as a value, which may be put together from parts.
struct MergeSnapshot {
  MergeProgress progress;
  // Each of a view, or a part of one.
  std::vector<ViewSnapshot> views;
};

// The merge stage for one merge partition: a deterministic state machine over the frames of its
// partition of `partials`. Adds deltas into cells, follows the sources' watermarks, closes windows
// and says which rows changed. A value of one thread.
class Merger {
 public:
  explicit Merger(std::shared_ptr<const PipelinePlan> plan);

  // Takes in the next frame of the log.
  void Apply(const Frame& frame);

  // A time for TakeChanges at which all rows are due.
  static constexpr int64_t kAllDue = std::numeric_limits<int64_t>::max();

  // Returns what changed since the last call and is to be written, and frees cells that can change
  // no more. `clock_us`, of any clock, decides which views' intervals are over.
  MergeChanges TakeChanges(int64_t clock_us = kAllDue);

  // Same, without computing the rows: for the replay of frames whose rows are written already.
  void DropChanges();

  // When rows that wait for their view's interval are due; kAllDue when there are none.
  int64_t next_due_us() const;

  // The state now, within milliseconds whatever its size, to be read while the merger goes on; call
  // only after TakeChanges or DropChanges.
  MergeImage Image() const;
  // Takes over what was read from an image; call on a new merger.
  void Restore(const MergeSnapshot& snapshot);

  // Ends of a view's windows that hold records and are not closed, up to `through`, the `most`
  // oldest ones in order. Each aligned window once, whatever its groups; each session for itself.
  std::vector<EventTime> OpenEnds(size_t view, EventTime through, size_t most) const {
    return views_[view].rows->OpenEnds(closed_through(), through, most);
  }

  EventTime closed_through() const { return closer_.closed_through(); }
  // Windows of a view that held records when they closed, as of the last TakeChanges, since this
  // merger was made or restored: each aligned one once, each session for itself.
  uint64_t windows_closed(size_t view) const { return views_[view].windows_closed; }
  int64_t drain_generation() const { return closer_.drain_generation(); }
  // Cells and sessions held.
  size_t cell_count() const;
  // Groups held, each view's counted for itself.
  size_t group_count() const;
  // Memory in use, about.
  size_t bytes() const;
  const WindowCloser& closer() const { return closer_; }

 private:
  struct View {
    const ViewPlan* plan = nullptr;
    std::unique_ptr<RowStore> rows;
    absl::btree_map<EventTime, uint64_t> late;
    absl::btree_set<EventTime> dirty_late;
    // When its interval is over.
    int64_t due_us = 0;
    uint64_t windows_closed = 0;
  };

  Closes closes() const;
  void AddLate(View* view, const LateCount& late);
  void CountClosed();
  static bool IsDue(const View& view, int64_t clock_us);
  static void TakeLate(View* view, ViewChanges* changes);
  void Evict();
  void EvictLate(View* view);
  bool IsOlder(const View& view, EventTime window_start) const;
  MergeProgress Progress() const;

  std::shared_ptr<const PipelinePlan> plan_;
  WindowCloser closer_;
  std::vector<View> views_;
  uint64_t expired_ = 0;
  int64_t newest_record_time_ms_ = 0;
  bool advanced_ = false;
  // How far closed windows are counted.
  EventTime counted_through_ = kNever;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_MERGER_H_
