#include "services/platform/metrics/metrics_flags.h"

#include "absl/flags/flag.h"

ABSL_FLAG(std::string, metrics_address, "",
          "where Prometheus finds /metrics over HTTP, HOST:PORT; empty is nowhere");

namespace windrow::metrics {
namespace {

constexpr char kStatisticsInterval[] = "5000";

}  // namespace

std::string MetricsAddressFromFlags(kafka::KafkaConfig* kafka) {
  const std::string address = absl::GetFlag(FLAGS_metrics_address);
  if (!address.empty()) kafka->properties.emplace("statistics.interval.ms", kStatisticsInterval);
  return address;
}

}  // namespace windrow::metrics
