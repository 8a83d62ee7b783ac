#include "services/platform/rpc/call_interceptor.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "services/platform/rpc/rpc_error.h"

namespace windrow::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

constexpr absl::Duration kRetryWhenBusy = absl::Seconds(1);

// Of errors that have none: nearly all of them are gRPC's own.
absl::string_view ReasonOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNIMPLEMENTED:
      return "METHOD_NOT_SERVED";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "SERVER_BUSY";
    case grpc::StatusCode::INTERNAL:
      return "REQUEST_NOT_READABLE";
    case grpc::StatusCode::NOT_FOUND:
      return "NOT_FOUND";
    case grpc::StatusCode::CANCELLED:
      return "CANCELLED";
    default:
      return "UNSPECIFIED";
  }
}

absl::string_view MessageOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNIMPLEMENTED:
      return "this service has no such method";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "too many calls at a time";
    case grpc::StatusCode::INTERNAL:
      return "the request is not a message of this method";
    default:
      return "";
  }
}

grpc::Status WithDetails(const grpc::Status& status, const std::string& domain) {
  const grpc::StatusCode code = status.error_code();
  const std::string message =
      status.error_message().empty() ? std::string(MessageOf(code)) : status.error_message();
  const grpc::Status explained = RpcError(code, message, domain, ReasonOf(code));
  return code == grpc::StatusCode::RESOURCE_EXHAUSTED ? WithRetry(explained, kRetryWhenBusy)
                                                      : explained;
}

// The method, or a word for all that this program does not know: callers make up any name.
std::string KnownMethod(absl::string_view method) {
  const absl::string_view name = absl::StripPrefix(method, "/");
  const auto* const found = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      absl::StrReplaceAll(name, {{"/", "."}}));
  return found == nullptr ? "unknown" : std::string(method);
}

// One call.
class CallInterceptor final : public grpc::experimental::Interceptor {
 public:
  CallInterceptor(ServerRpcInfo* info, const std::string& error_domain, CallObserver* observer)
      : info_(info),
        error_domain_(error_domain),
        observer_(observer),
        method_(observer == nullptr ? "" : KnownMethod(info->method())),
        start_(absl::Now()) {
    if (observer_ != nullptr) observer_->OnStarted(method_, info_->type());
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      if (!status.ok() && status.error_details().empty()) {
        methods->ModifySendStatus(WithDetails(status, error_domain_));
      }
      if (observer_ != nullptr) {
        observer_->OnHandled(method_, info_->type(), status.error_code(), absl::Now() - start_);
      }
    }
    methods->Proceed();
  }

 private:
  ServerRpcInfo* const info_;
  // Of the factory, which lives as long as the server.
  const std::string& error_domain_;
  CallObserver* const observer_;
  const std::string method_;
  const absl::Time start_;
};

}  // namespace

grpc::experimental::Interceptor* CallInterceptorFactory::CreateServerInterceptor(
    ServerRpcInfo* info) {
  return new CallInterceptor(info, error_domain_, observer_);  // gRPC's now.
}

}  // namespace windrow::rpc
