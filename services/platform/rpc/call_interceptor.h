#ifndef SERVICES_PLATFORM_RPC_CALL_INTERCEPTOR_H_
#define SERVICES_PLATFORM_RPC_CALL_INTERCEPTOR_H_

#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <string>

#include "services/platform/rpc/call_observer.h"

namespace windrow::rpc {

// Stands between gRPC and all handlers: tells the observer of each call, and gives errors that have
// no details, such as those that gRPC makes itself, an ErrorInfo; RESOURCE_EXHAUSTED also gets a
// RetryInfo. Thread-safe.
class CallInterceptorFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  // `observer` may be null, and outlives the server otherwise.
  CallInterceptorFactory(std::string error_domain, CallObserver* observer)
      : error_domain_(std::move(error_domain)), observer_(observer) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override;

 private:
  const std::string error_domain_;
  CallObserver* const observer_;
};

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_CALL_INTERCEPTOR_H_
