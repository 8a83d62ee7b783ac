#ifndef SERVICES_PLATFORM_METRICS_KAFKA_METRICS_H_
#define SERVICES_PLATFORM_METRICS_KAFKA_METRICS_H_

#include "services/platform/metrics/metric_families.h"

namespace windrow::metrics {

// What librdkafka's clients in this process tell of themselves, producers and consumers each taken
// together. Thread-safe.
void WriteKafkaMetrics(MetricFamilies* out);

}  // namespace windrow::metrics

#endif  // SERVICES_PLATFORM_METRICS_KAFKA_METRICS_H_
