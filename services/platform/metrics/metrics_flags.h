#ifndef SERVICES_PLATFORM_METRICS_METRICS_FLAGS_H_
#define SERVICES_PLATFORM_METRICS_METRICS_FLAGS_H_

#include <string>

#include "services/platform/kafka/kafka_config.h"

namespace windrow::metrics {

// Value of --metrics_address; linking this adds the flag. Where there is one, `kafka` is told to
// keep statistics.
std::string MetricsAddressFromFlags(kafka::KafkaConfig* kafka);

}  // namespace windrow::metrics

#endif  // SERVICES_PLATFORM_METRICS_METRICS_FLAGS_H_
