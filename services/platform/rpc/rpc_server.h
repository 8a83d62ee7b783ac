#ifndef SERVICES_PLATFORM_RPC_RPC_SERVER_H_
#define SERVICES_PLATFORM_RPC_RPC_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/platform/rpc/call_observer.h"
#include "services/platform/rpc/server_options.h"

namespace windrow::rpc {

class ReflectionService;
class ReflectionV1AlphaService;

// A gRPC server as every service of ours runs it: health (grpc.health.v1), reflection v1alpha and
// v1, bounds on sizes, calls and memory, keepalive pings permitted every 10 s, connections that end
// when they are old, an ErrorInfo in every error that comes from the server, and a drain. The
// services must outlive the server. Thread-safe.
//
// Names in the health service: "", "readiness" and the full name of each service are SERVING while
// calls can be answered; "liveness" as long as the process is not stuck, whatever Kafka does.
//
// Errors without an ErrorInfo are those that gRPC sends before an interceptor could see them: a
// request above the bound, and what a client makes itself (DEADLINE_EXCEEDED, no connection).
class RpcServer {
 public:
  // Listens on `address` ("127.0.0.1:7001"; port 0 takes a free one). Health is NOT_SERVING until
  // SetServing(true). ALREADY_EXISTS when the port is taken, with what to do in the message;
  // INVALID_ARGUMENT for an address that is none, UNAVAILABLE when it cannot be listened on.
  // INVALID_ARGUMENT too, with what to do, when others would reach it in plaintext, and for
  // certificates that cannot be used. `observer` may be null, and must outlive the server
  // otherwise.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      const std::string& address, const std::vector<grpc::Service*>& services,
      const ServerOptions& options = {}, CallObserver* observer = nullptr);
  // Cancels what still runs; Drain first.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // Sets the health of all names but "liveness". Nothing is SERVING any more after BeginDrain.
  void SetServing(bool serving);

  // The port that it listens on.
  int port() const { return port_; }

  // Health NOT_SERVING, for good: those that balance calls look elsewhere. Calls are still taken.
  void BeginDrain();

  // BeginDrain, then no new calls, waits up to `grace` for running ones, then cancels them.
  void Drain(absl::Duration grace);

 private:
  RpcServer();
  void SetHealth(bool serving) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Owned here; the server only points to them.
  std::unique_ptr<ReflectionService> reflection_;
  std::unique_ptr<ReflectionV1AlphaService> reflection_v1alpha_;
  // The given services, by their full names.
  std::vector<std::string> service_names_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;

  absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_RPC_SERVER_H_
