#ifndef SERVICES_PLATFORM_RPC_CALL_OBSERVER_H_
#define SERVICES_PLATFORM_RPC_CALL_OBSERVER_H_

#include <grpcpp/support/server_interceptor.h>
#include <grpcpp/support/status.h>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace windrow::rpc {

// Hears of every call that reaches a server. Implementations are thread-safe and quick.
class CallObserver {
 public:
  using CallType = grpc::experimental::ServerRpcInfo::Type;

  virtual ~CallObserver() = default;

  // `method` is "/package.Service/Method", or "unknown" for all that this program has never heard
  // of.
  virtual void OnStarted(absl::string_view method, CallType type) = 0;
  // The server has answered, `duration` after the start.
  virtual void OnHandled(absl::string_view method, CallType type, grpc::StatusCode code,
                         absl::Duration duration) = 0;
};

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_CALL_OBSERVER_H_
