#ifndef SERVICES_AGGREGATOR_CORE_SLIDING_SUM_H_
#define SERVICES_AGGREGATOR_CORE_SLIDING_SUM_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "services/aggregator/core/row_store.h"

namespace windrow::aggregator {

// The sum of a window that slides over one group's cells. Counts are added and taken away; the
// states of aggregates, of which most cannot be taken away, go through two stacks, so that each
// cell is merged a constant number of times however many windows hold it (K. Tangwongsan, M.
// Hirzel, S. Schneider, "Sliding-window aggregation algorithms", 2018, two-stacks). A value of one
// thread.
class SlidingSum {
 public:
  // `plan` must outlive the sum.
  explicit SlidingSum(const ViewPlan* plan) : plan_(*plan) {}

  // Begins anew, with no cell.
  void Clear() {
    accepted_ = 0;
    front_.clear();
    back_.clear();
    back_states_ = nullptr;
  }

  // Adds the cell of a pane, later than all before; `cell` must outlive its place in the window.
  void Push(int64_t pane, const Cell* cell) {
    accepted_ += cell->accepted;
    back_.emplace_back(pane, cell);
    MergeStates(plan_.stateful, cell->states, &back_states_);
  }

  // Takes away the cells of panes before `pane`.
  void PopBefore(int64_t pane) {
    while (!empty() && first_pane() < pane) {
      if (front_.empty()) Turn();
      accepted_ -= front_.back().accepted;
      front_.pop_back();
    }
  }

  Cell Sum() const {
    Cell sum;
    sum.accepted = accepted_;
    if (plan_.stateful.empty()) return sum;
    if (!front_.empty()) sum.states = front_.back().states;
    MergeStates(plan_.stateful, back_states_, &sum.states);
    return sum;
  }

 private:
  // A pane of the front stack, with the states of it and all panes below, which are later.
  struct Front {
    int64_t pane;
    uint64_t accepted;
    SharedStates states;
  };

  bool empty() const { return front_.empty() && back_.empty(); }
  int64_t first_pane() const { return front_.empty() ? back_.front().first : front_.back().pane; }

  // Makes the back stack the front one.
  void Turn() {
    SharedStates states;
    for (auto entry = back_.rbegin(); entry != back_.rend(); ++entry) {
      MergeStates(plan_.stateful, entry->second->states, &states);
      front_.push_back(Front{entry->first, entry->second->accepted, states});
    }
    back_.clear();
    back_states_ = nullptr;
  }

  const ViewPlan& plan_;
  uint64_t accepted_ = 0;
  // The first pane of the window is at the end.
  std::vector<Front> front_;
  // Its first pane is at the front.
  std::vector<std::pair<int64_t, const Cell*>> back_;
  SharedStates back_states_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_SLIDING_SUM_H_
