#ifndef SERVICES_PLATFORM_KAFKA_KAFKA_CONFIG_H_
#define SERVICES_PLATFORM_KAFKA_KAFKA_CONFIG_H_

#include <librdkafka/rdkafka.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace windrow::kafka {

// How to reach a Kafka cluster: what every client of one process shares. A plain value.
struct KafkaConfig {
  // "host:port[,host:port...]".
  std::string bootstrap_servers = "127.0.0.1:9092";
  // Shown in the broker's logs and metrics; also decides the order of assignment in a group.
  std::string client_id = "windrow";
  // Further librdkafka properties, by their librdkafka names; they win over our own choices.
  std::map<std::string, std::string> properties;
};

// Owning handles of librdkafka's C objects.
template <typename T, void (*Destroy)(T*)>
struct HandleDeleter {
  void operator()(T* handle) const { Destroy(handle); }
};
using ConfHandle =
    std::unique_ptr<rd_kafka_conf_t, HandleDeleter<rd_kafka_conf_t, rd_kafka_conf_destroy>>;
using TopicPartitionListHandle = std::unique_ptr<
    rd_kafka_topic_partition_list_t,
    HandleDeleter<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>>;
using QueueHandle =
    std::unique_ptr<rd_kafka_queue_t, HandleDeleter<rd_kafka_queue_t, rd_kafka_queue_destroy>>;
using MessageHandle = std::unique_ptr<rd_kafka_message_t,
                                      HandleDeleter<rd_kafka_message_t, rd_kafka_message_destroy>>;
using ErrorHandle =
    std::unique_ptr<rd_kafka_error_t, HandleDeleter<rd_kafka_error_t, rd_kafka_error_destroy>>;

// Builds a librdkafka configuration from `config` and `defaults` (name, value); `config.properties`
// win. librdkafka's log lines go to the structured log. INVALID_ARGUMENT names a wrong property.
absl::StatusOr<ConfHandle> MakeConf(
    const KafkaConfig& config, const std::vector<std::pair<std::string, std::string>>& defaults);

// Creates a client; takes ownership of `conf` in every case. UNAVAILABLE or INVALID_ARGUMENT with
// librdkafka's words.
absl::StatusOr<rd_kafka_t*> NewClient(rd_kafka_type_t type, ConfHandle conf);

// The one translation of librdkafka's error codes into canonical codes; `context` comes first in
// the message, as in "produce to calls: Broker: Unknown topic".
absl::Status KafkaError(rd_kafka_resp_err_t code, absl::string_view context);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_KAFKA_CONFIG_H_
