#include "services/platform/kafka/kafka_flags.h"

#include <unistd.h>

#include <string>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "services/platform/kafka/client_properties.h"
#include "services/platform/runtime/flags.h"

ABSL_FLAG(std::string, kafka, "127.0.0.1:9092", "Kafka brokers, HOST:PORT[,HOST:PORT...]");
ABSL_FLAG(std::string, kafka_config, "",
          "file of further librdkafka properties, NAME=VALUE in each line, such as those of SASL "
          "and TLS; WINDROW_KAFKA_SASL_PASSWORD in the environment is sasl.password, and wins");

namespace windrow::kafka {

KafkaConfig KafkaConfigFromFlags(absl::string_view client_id) {
  KafkaConfig config;
  config.bootstrap_servers = absl::GetFlag(FLAGS_kafka);
  config.client_id = std::string(client_id);
  auto properties = ReadProperties(absl::GetFlag(FLAGS_kafka_config), environ);
  if (!properties.ok()) {
    runtime::ExitWithUsageError(absl::StrCat("--kafka_config: ", properties.status().message()));
  }
  config.properties = *std::move(properties);
  const absl::Status known = MakeConf(config, {}).status();
  if (!known.ok()) runtime::ExitWithUsageError(known.message());
  return config;
}

}  // namespace windrow::kafka
