#ifndef SERVICES_QUERY_QUERY_METRICS_H_
#define SERVICES_QUERY_QUERY_METRICS_H_

#include "services/platform/metrics/metric_families.h"
#include "services/query/sink/query_service.h"

namespace windrow::query {

// Writes what the service serves as metrics.
void WriteMetrics(const QueryService& service, metrics::MetricFamilies* out);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_QUERY_METRICS_H_
