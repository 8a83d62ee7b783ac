#ifndef SERVICES_AGGREGATOR_AGGREGATOR_METRICS_H_
#define SERVICES_AGGREGATOR_AGGREGATOR_METRICS_H_

#include <string>

#include "services/aggregator/core/control_state.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/pipeline_runner.h"
#include "services/platform/metrics/metric_families.h"

namespace windrow::aggregator {

// Writes what this replica does for one incarnation of a pipeline as metrics. What is said of a
// source or merge partition is said by the replica that owns it; counts of a source partition are
// those that are committed with its offset, so they go on where another owner left them, and those
// of a transaction are since the process started.
void WriteMetrics(const PipelinePlan& plan, const RunnerProgress& progress,
                  metrics::MetricFamilies* out);

// Writes the limits that are set for a pipeline, for all replicas alike.
void WriteLimits(const std::string& pipeline_id, const ControlledPipeline& pipeline,
                 metrics::MetricFamilies* out);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_AGGREGATOR_METRICS_H_
