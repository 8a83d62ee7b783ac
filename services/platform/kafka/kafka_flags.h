#ifndef SERVICES_PLATFORM_KAFKA_KAFKA_FLAGS_H_
#define SERVICES_PLATFORM_KAFKA_KAFKA_FLAGS_H_

#include "absl/strings/string_view.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {

// How to reach Kafka by --kafka and --kafka_config, which linking this adds, and the environment,
// see ReadProperties. A property that librdkafka does not know prints one line to standard error
// and exits 2.
KafkaConfig KafkaConfigFromFlags(absl::string_view client_id);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_KAFKA_FLAGS_H_
