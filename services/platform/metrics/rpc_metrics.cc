#include "services/platform/metrics/rpc_metrics.h"

#include <utility>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace windrow::metrics {
namespace {

std::string TypeName(rpc::CallObserver::CallType type) {
  using Type = rpc::CallObserver::CallType;
  switch (type) {
    case Type::UNARY:
      return "unary";
    case Type::CLIENT_STREAMING:
      return "client_stream";
    case Type::SERVER_STREAMING:
      return "server_stream";
    case Type::BIDI_STREAMING:
      return "bidi_stream";
  }
  return "unknown";
}

// As other gRPC servers name it.
std::string CodeName(grpc::StatusCode code) {
  static constexpr const char* kNames[] = {
      "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
      "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
      "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
      "DataLoss", "Unauthenticated"};
  const int index = code;
  return index >= 0 && index <= 16 ? kNames[index] : "Unknown";
}

Labels LabelsOf(const std::string& method, rpc::CallObserver::CallType type) {
  const std::pair<std::string, std::string> names =
      absl::StrSplit(absl::StripPrefix(method, "/"), absl::MaxSplits('/', 1));
  return {{"grpc_type", TypeName(type)},
          {"grpc_service", names.first},
          {"grpc_method", names.second.empty() ? "unknown" : names.second}};
}

}  // namespace

void RpcMetrics::OnStarted(absl::string_view method, CallType type) {
  absl::MutexLock lock(&mutex_);
  Method& entry = methods_[std::string(method)];
  entry.type = type;
  ++entry.started;
}

void RpcMetrics::OnHandled(absl::string_view method, CallType type, grpc::StatusCode code,
                           absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  Method& entry = methods_[std::string(method)];
  entry.type = type;
  ++entry.handled[code];
  entry.durations.Add(duration);
}

void RpcMetrics::Write(MetricFamilies* out) const {
  absl::MutexLock lock(&mutex_);
  for (const auto& [name, method] : methods_) {
    const Labels labels = LabelsOf(name, method.type);
    out->AddCounter("grpc_server_started_total", "Calls that have begun.",
                    static_cast<double>(method.started), labels);
    out->AddHistogram("grpc_server_handling_seconds", "Time from begin to end of a call.",
                      method.durations, labels);
    for (const auto& [code, calls] : method.handled) {
      Labels with_code = labels;
      with_code.emplace_back("grpc_code", CodeName(code));
      out->AddCounter("grpc_server_handled_total", "Calls that have ended.",
                      static_cast<double>(calls), with_code);
    }
  }
}

}  // namespace windrow::metrics
