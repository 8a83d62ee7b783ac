#ifndef SERVICES_AGGREGATOR_PIPELINE_STATUS_H_
#define SERVICES_AGGREGATOR_PIPELINE_STATUS_H_

#include <string>

#include "services/aggregator/pipeline_runner.h"
#include "windrow/status/v1/status.pb.h"

namespace windrow::aggregator {

// Writes what this replica does for an incarnation of a pipeline in the form in which replicas tell
// it each other.
void EncodePipelineStatus(const std::string& pipeline_name, int incarnation,
                          const RunnerProgress& progress,
                          windrow::status::v1::PipelineStatus* status);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_PIPELINE_STATUS_H_
