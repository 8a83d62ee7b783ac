#ifndef SERVICES_AGGREGATOR_CORE_ROW_STORE_H_
#define SERVICES_AGGREGATOR_CORE_ROW_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/aggregator/core/aggregate_state.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/row_image.h"

namespace windrow::aggregator {

// A row to be written; `group` indexes the groups of the ViewChanges that it is part of.
struct RowChange {
  uint32_t group = 0;
  EventTime window_start = 0;
  EventTime window_end = 0;
  uint64_t accepted = 0;
  // How often it changed after its window had closed.
  uint32_t revision = 0;
  // The row is no more: its session has another beginning now.
  bool deleted = false;
  // By ViewPlan::stateful.
  std::vector<AggregateValue> values;
};

// What changed in one view.
struct ViewChanges {
  std::vector<std::string> groups;
  std::vector<RowChange> rows;
  // Late counts, cumulative, of windows whose count changed.
  std::vector<LateCount> late;
};

// The state of one view as a value.
struct ViewSnapshot {
  // Cells and late counts.
  ViewDelta cells;
  std::vector<RowRevision> revisions;
};

// How far windows are closed (see WindowCloser).
struct Closes {
  EventTime closed_through = kNever;
  EventTime unchangeable_through = kNever;
};

// Number of records, and the states of the aggregates: of a pane, a session or a window.
struct Cell {
  uint64_t accepted = 0;
  SharedStates states;

  void Add(const ViewPlan& plan, uint64_t other_accepted, const SharedStates& other_states) {
    accepted += other_accepted;
    MergeStates(plan.stateful, other_states, &states);
  }
  std::vector<AggregateValue> Values(const ViewPlan& plan) const {
    std::vector<AggregateValue> values;
    values.reserve(plan.stateful.size());
    for (size_t i = 0; i < plan.stateful.size(); ++i) {
      values.push_back(
          ResultOf(plan.stateful[i], states == nullptr ? AggregateState() : (*states)[i]));
    }
    return values;
  }
};

// The open rows of one view in one merge partition, and those that can still be corrected. A
// deterministic function of the deltas and closes that it is given. A value of one thread.
class RowStore {
 public:
  virtual ~RowStore() = default;

  // Adds a delta. Returns the number of records refused because their windows can change no more.
  virtual uint64_t Apply(const ViewDelta& delta, const Closes& closes) = 0;

  // Appends the rows to be written: those of windows that were closed or corrected since the last
  // call, as far as their value has not been written, and if `due` all others that changed.
  virtual void TakeRows(EventTime closed_through, bool due, ViewChanges* changes) = 0;
  // Same for the replay of deltas whose rows were written by whoever applied them first. Rows of
  // which that is not certain stay to be written.
  virtual void DropRows(EventTime closed_through) = 0;
  // Whether there are rows that wait to be due.
  virtual bool has_waiting_rows() const = 0;

  // Frees what can change no more. Call after TakeRows or DropRows.
  virtual void Evict(EventTime unchangeable_through) = 0;

  // The state now, but for the late counts. Call when there are no rows to take but waiting ones.
  virtual std::unique_ptr<RowImage> Image() const = 0;
  // Adds a part of a snapshot, taken when windows were closed as told.
  virtual void Restore(const ViewSnapshot& snapshot, const Closes& closes) = 0;

  // Ends of windows with records that end after `after` and not after `through`, the `most` oldest
  // ones in order.
  virtual std::vector<EventTime> OpenEnds(EventTime after, EventTime through,
                                          size_t most) const = 0;

  virtual size_t cell_count() const = 0;
  virtual size_t group_count() const = 0;
  // Memory in use, about.
  virtual size_t bytes() const = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_ROW_STORE_H_
