#include "services/platform/metrics/metrics_server.h"

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <exception>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "services/platform/metrics/kafka_metrics.h"
#include "services/platform/metrics/process_metrics.h"
#include "services/platform/metrics/rpc_metrics.h"

namespace windrow::metrics {
namespace {

constexpr size_t kThreads = 2;

}  // namespace

class MetricsServer::Collector final : public prometheus::Collectable {
 public:
  explicit Collector(absl::string_view service) : service_(service) {}

  RpcMetrics& rpc() { return rpc_; }

  void Set(Source source) {
    absl::MutexLock lock(&mutex_);
    source_ = std::move(source);
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    MetricFamilies families;
    WriteProcessMetrics(service_, &families);
    rpc_.Write(&families);
    WriteKafkaMetrics(&families);
    absl::MutexLock lock(&mutex_);
    if (source_ != nullptr) source_(&families);
    return families.Take();
  }

 private:
  const std::string service_;
  RpcMetrics rpc_;
  mutable absl::Mutex mutex_;
  Source source_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address,
                                                                    absl::string_view service) {
  std::unique_ptr<prometheus::Exposer> exposer;
  if (!address.empty()) {
    if (address.rfind(':') == std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("--metrics_address must be HOST:PORT, not '", address, "'"));
    }
    // The library speaks in exceptions.
    try {
      exposer = std::make_unique<prometheus::Exposer>(address, kThreads);
    } catch (const std::exception&) {
      return absl::UnavailableError(
          absl::StrCat("cannot serve metrics on ", address,
                       ": the port is taken, or the address is none of this machine; choose "
                       "another one with --metrics_address"));
    }
  }
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(exposer), service));
}

MetricsServer::MetricsServer(std::unique_ptr<prometheus::Exposer> exposer,
                             absl::string_view service)
    : collector_(std::make_shared<Collector>(service)), exposer_(std::move(exposer)) {
  if (exposer_ != nullptr) exposer_->RegisterCollectable(collector_);
}

MetricsServer::~MetricsServer() = default;

rpc::CallObserver* MetricsServer::call_observer() { return &collector_->rpc(); }

void MetricsServer::SetSource(Source source) { collector_->Set(std::move(source)); }

int MetricsServer::port() const {
  return exposer_ == nullptr ? 0 : exposer_->GetListeningPorts().front();
}

}  // namespace windrow::metrics
