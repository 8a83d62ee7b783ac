#ifndef SERVICES_AGGREGATOR_SINK_FRAME_ENCODER_H_
#define SERVICES_AGGREGATOR_SINK_FRAME_ENCODER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Records of `partials` for one frame: one, or several when it would exceed 400 kB; only the last
// carries the positions, so that no window closes before all of the batch is applied. None for a
// frame without positions.
std::vector<std::string> EncodeFrame(const PipelinePlan& plan, const Frame& frame);

// Metadata of the committed offset of a source partition: JSON of SourcePosition.
std::string EncodeSourceCheckpoint(const SourcePosition& position);

// Metadata of the committed offset of a partition of `partials`: JSON of MergeCheckpoint.
std::string EncodeMergeCheckpoint(absl::optional<int64_t> snapshot_offset,
                                  int64_t snapshot_through);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_FRAME_ENCODER_H_
