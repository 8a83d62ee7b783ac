#ifndef SERVICES_AGGREGATOR_PIPELINE_RESOURCE_H_
#define SERVICES_AGGREGATOR_PIPELINE_RESOURCE_H_

#include <string>

#include "services/aggregator/core/control_state.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::aggregator {

// The etag of a pipeline as it is.
std::string Etag(const ControlledPipeline& pipeline);

// The pipeline as calls answer with it: what it is to compute in the end, its settings, and its
// incarnations.
void FillResource(const ControlledPipeline& from, v1::PipelineResource* resource);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_PIPELINE_RESOURCE_H_
