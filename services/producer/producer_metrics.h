#ifndef SERVICES_PRODUCER_PRODUCER_METRICS_H_
#define SERVICES_PRODUCER_PRODUCER_METRICS_H_

#include "services/platform/metrics/metric_families.h"
#include "services/producer/core/replay_control.h"

namespace windrow::producer {

// Writes how far a replay is as metrics; its counts begin anew with each replay.
void WriteMetrics(const ReplayStatus& replay, metrics::MetricFamilies* out);

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_PRODUCER_METRICS_H_
