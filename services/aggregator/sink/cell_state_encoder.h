#ifndef SERVICES_AGGREGATOR_SINK_CELL_STATE_ENCODER_H_
#define SERVICES_AGGREGATOR_SINK_CELL_STATE_ENCODER_H_

#include <cstddef>
#include <utility>

#include "services/aggregator/core/aggregate_state.h"
#include "windrow/partials/v1/frame.pb.h"

namespace windrow::aggregator {

// Writes the states of one cell as one or more messages of bounded size: merged, they are the
// states again. A value of one thread.
class CellStateEncoder {
 public:
  explicit CellStateEncoder(SharedStates states) : states_(std::move(states)) {}

  // Writes what comes next, of about `max_bytes`, and returns its size, about. Nothing may be
  // written when there is less room than for one value.
  size_t Encode(size_t max_bytes, windrow::partials::v1::CellState* out);
  bool done() const { return states_ == nullptr || next_ == states_->size(); }

 private:
  const SharedStates states_;
  // State to go on with, and how many of its values are written.
  size_t next_ = 0;
  size_t values_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_CELL_STATE_ENCODER_H_
