#ifndef SERVICES_AGGREGATOR_SETTINGS_CHANGE_H_
#define SERVICES_AGGREGATOR_SETTINGS_CHANGE_H_

#include <set>
#include <string>
#include <vector>

#include "services/aggregator/core/control_state.h"
#include "services/platform/rpc/rpc_error.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {

// Paths of settings that a request changes: its mask, or what is set when it has none. A path may
// lead into a message ("idle_policy.all_idle"): then its other fields stay as they are.
std::set<std::string> ChangedPaths(const v1::ReconfigureRequest& request);

// The settings after the request; violations for paths that do not exist. A path of which the
// request holds no value sets the default, for watermark_delay and idle_policy what the pipeline
// declares.
windrow::pipeline::v1::Settings MergeSettings(const v1::ReconfigureRequest& request,
                                              const ControlledPipeline& now,
                                              std::vector<rpc::FieldViolation>* violations);

// Whether the request would change nothing of `now`.
bool ChangesNothing(const v1::ReconfigureRequest& request, const ControlledPipeline& now);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SETTINGS_CHANGE_H_
