#ifndef SERVICES_PLATFORM_RPC_RPC_SERVER_H_
#define SERVICES_PLATFORM_RPC_RPC_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace windrow::rpc {

class ReflectionService;

// A gRPC server as every service of ours runs it: health (grpc.health.v1, for "" and each service),
// reflection v1alpha and v1, keepalive permitted at 10 s, bounded message sizes, and a drain. The
// services must outlive the server. Thread-safe.
class RpcServer {
 public:
  // Listens on `address` ("127.0.0.1:7001"; port 0 takes a free one). Health is NOT_SERVING until
  // SetServing(true). ALREADY_EXISTS when the port is taken, with what to do in the message;
  // INVALID_ARGUMENT for an address that is none, UNAVAILABLE when it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(
      const std::string& address, const std::vector<grpc::Service*>& services);
  // Cancels what still runs; Drain first.
  ~RpcServer();
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // Sets the health of "" and every service.
  void SetServing(bool serving);

  // The port that it listens on.
  int port() const { return port_; }

  // Health NOT_SERVING, no new calls, waits up to `grace` for running ones, then cancels them.
  void Drain(absl::Duration grace);

 private:
  RpcServer();

  // Owned here; the server only points to it.
  std::unique_ptr<ReflectionService> reflection_;
  // The given services, by their full names.
  std::vector<std::string> service_names_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_RPC_SERVER_H_
