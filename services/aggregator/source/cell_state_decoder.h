#ifndef SERVICES_AGGREGATOR_SOURCE_CELL_STATE_DECODER_H_
#define SERVICES_AGGREGATOR_SOURCE_CELL_STATE_DECODER_H_

#include "absl/status/statusor.h"
#include "services/aggregator/core/aggregate_state.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "windrow/partials/v1/frame.pb.h"

namespace windrow::aggregator {

// Reads the states of one cell of a view; null when there are none. DATA_LOSS when they are not of
// this view.
absl::StatusOr<SharedStates> DecodeCellState(const ViewPlan& view,
                                             const windrow::partials::v1::CellState& proto);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_CELL_STATE_DECODER_H_
