#ifndef SERVICES_PLATFORM_KAFKA_TOPIC_SCAN_H_
#define SERVICES_PLATFORM_KAFKA_TOPIC_SCAN_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/partition_reader.h"

namespace windrow::kafka {

// Hands all that is committed in a topic to `visit`, in order per partition. For programs that
// check or measure: a service reads on, and has a PartitionReader. NOT_FOUND when the topic does
// not exist, DEADLINE_EXCEEDED when it has not been read in `timeout`; else as PartitionReader.
absl::Status ScanTopic(const KafkaConfig& config, const std::string& topic, absl::Duration timeout,
                       absl::FunctionRef<void(const RecordView&)> visit);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_TOPIC_SCAN_H_
