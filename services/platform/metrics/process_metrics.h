#ifndef SERVICES_PLATFORM_METRICS_PROCESS_METRICS_H_
#define SERVICES_PLATFORM_METRICS_PROCESS_METRICS_H_

#include "absl/strings/string_view.h"
#include "services/platform/metrics/metric_families.h"

namespace windrow::metrics {

// What the kernel knows of this process, as Prometheus' own clients name it, and what it is:
// process_*, windrow_build_info. Thread-safe.
void WriteProcessMetrics(absl::string_view service, MetricFamilies* out);

}  // namespace windrow::metrics

#endif  // SERVICES_PLATFORM_METRICS_PROCESS_METRICS_H_
