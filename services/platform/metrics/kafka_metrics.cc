#include "services/platform/metrics/kafka_metrics.h"

#include "services/platform/kafka/client_statistics.h"

namespace windrow::metrics {

void WriteKafkaMetrics(MetricFamilies* out) {
  for (const auto& [type, sums] : kafka::ClientStatistics::OfProcess().Get()) {
    const Labels labels = {{"type", type}};
    out->AddGauge("windrow_kafka_clients", "Clients of Kafka.", static_cast<double>(sums.clients),
                  labels);
    out->AddCounter("windrow_kafka_client_requests_total", "Requests sent to brokers.",
                    static_cast<double>(sums.counts.requests), labels);
    out->AddCounter("windrow_kafka_client_sent_bytes_total", "Bytes sent to brokers.",
                    static_cast<double>(sums.counts.sent_bytes), labels);
    out->AddCounter("windrow_kafka_client_received_bytes_total", "Bytes received from brokers.",
                    static_cast<double>(sums.counts.received_bytes), labels);
    out->AddCounter("windrow_kafka_client_request_timeouts_total", "Requests that timed out.",
                    static_cast<double>(sums.counts.timeouts), labels);
    out->AddCounter("windrow_kafka_client_request_errors_total",
                    "Requests that could not be sent, or answers that could not be read.",
                    static_cast<double>(sums.counts.errors), labels);
    out->AddGauge("windrow_kafka_client_queued_messages",
                  "Messages that wait to be sent or acknowledged.",
                  static_cast<double>(sums.queued_messages), labels);
    out->AddGauge(
        "windrow_kafka_client_round_trip_seconds",
        "99th percentile of the time from a request to its answer, of the slowest broker.",
        sums.round_trip_seconds, labels);
  }
}

}  // namespace windrow::metrics
