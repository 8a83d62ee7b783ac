#ifndef SERVICES_AGGREGATOR_SOURCE_PIPELINE_SETTINGS_H_
#define SERVICES_AGGREGATOR_SOURCE_PIPELINE_SETTINGS_H_

#include <string>
#include <vector>

#include "services/aggregator/core/control_state.h"
#include "services/aggregator/core/idle_policy.h"
#include "services/aggregator/source/pipeline_violation.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {

// The settings of a pipeline as messages and as values.

// Everything that is wrong with them; empty when they can be applied.
std::vector<PipelineViolation> ValidateSettings(const windrow::pipeline::v1::Settings& settings);

// The same for an idle policy in the field `path`.
void CheckIdlePolicy(const windrow::pipeline::v1::IdlePolicy& policy, const std::string& path,
                     std::vector<PipelineViolation>* violations);

// With defaults filled in, but for those that are the pipeline's own: delay and idle policy.
PipelineSettings MakeSettings(const windrow::pipeline::v1::Settings& settings);
IdlePolicy MakeIdlePolicy(const windrow::pipeline::v1::IdlePolicy& proto);

// Every setting, but for delay and idle policy where they are the pipeline's own.
windrow::pipeline::v1::Settings EncodeSettings(const PipelineSettings& settings);

// Every setting, with those that `pipeline` declares itself.
windrow::pipeline::v1::Settings EffectiveSettings(const PipelineSettings& settings,
                                                  const windrow::pipeline::v1::Pipeline& pipeline);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_PIPELINE_SETTINGS_H_
