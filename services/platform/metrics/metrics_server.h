#ifndef SERVICES_PLATFORM_METRICS_METRICS_SERVER_H_
#define SERVICES_PLATFORM_METRICS_METRICS_SERVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/platform/metrics/metric_families.h"
#include "services/platform/rpc/call_observer.h"

namespace prometheus {
class Exposer;
}

namespace windrow::metrics {

// Serves /metrics to Prometheus: the process, its gRPC server, its Kafka clients, and what the
// service itself adds. Everything is read when it is asked for; nobody asking costs nothing but two
// additions per call. Thread-safe.
class MetricsServer {
 public:
  // Adds what a service has to tell; called on the server's threads, by one of them at a time.
  using Source = std::function<void(MetricFamilies*)>;

  // Listens on `address`, HOST:PORT; an empty one means that nobody asks. `service` is "query" or
  // so. UNAVAILABLE when it cannot be listened on, INVALID_ARGUMENT when it is no address.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& address,
                                                              absl::string_view service);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // To be told of the calls of the gRPC server, which must end first.
  rpc::CallObserver* call_observer();

  // Sets what the service itself tells; null for nothing more, once a scrape under way has ended.
  void SetSource(Source source);

  // The port that it listens on; 0 without an address.
  int port() const;

 private:
  class Collector;
  MetricsServer(std::unique_ptr<prometheus::Exposer> exposer, absl::string_view service);

  const std::shared_ptr<Collector> collector_;
  // Null without an address. Ends first.
  std::unique_ptr<prometheus::Exposer> exposer_;
};

}  // namespace windrow::metrics

#endif  // SERVICES_PLATFORM_METRICS_METRICS_SERVER_H_
