#ifndef SERVICES_PLATFORM_METRICS_RPC_METRICS_H_
#define SERVICES_PLATFORM_METRICS_RPC_METRICS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/platform/metrics/metric_families.h"
#include "services/platform/rpc/call_observer.h"
#include "services/platform/runtime/duration_histogram.h"

namespace windrow::metrics {

// Counts a server's calls under the names that dashboards for gRPC expect:
// grpc_server_started_total and so on. As many series as there are methods and codes. Thread-safe.
class RpcMetrics final : public rpc::CallObserver {
 public:
  void OnStarted(absl::string_view method, CallType type) override;
  void OnHandled(absl::string_view method, CallType type, grpc::StatusCode code,
                 absl::Duration duration) override;

  void Write(MetricFamilies* out) const;

 private:
  struct Method {
    CallType type = CallType::UNARY;
    uint64_t started = 0;
    std::map<grpc::StatusCode, uint64_t> handled;
    runtime::DurationHistogram durations;
  };

  mutable absl::Mutex mutex_;
  // By "/package.Service/Method".
  std::map<std::string, Method, std::less<>> methods_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::metrics

#endif  // SERVICES_PLATFORM_METRICS_RPC_METRICS_H_
