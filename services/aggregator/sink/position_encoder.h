#ifndef SERVICES_AGGREGATOR_SINK_POSITION_ENCODER_H_
#define SERVICES_AGGREGATOR_SINK_POSITION_ENCODER_H_

#include "services/aggregator/core/frame.h"
#include "windrow/partials/v1/frame.pb.h"

namespace windrow::aggregator {

// Writes a source's position as it stands in frames, snapshots, results and progress.
void EncodePosition(const SourcePosition& position, windrow::partials::v1::SourcePosition* proto);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_POSITION_ENCODER_H_
