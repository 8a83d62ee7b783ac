#ifndef SERVICES_PLATFORM_RPC_SERVER_CREDENTIALS_H_
#define SERVICES_PLATFORM_RPC_SERVER_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "services/platform/rpc/server_options.h"

namespace windrow::rpc {

// What a server shows and asks for on a port. `is_loopback` says that only this machine reaches the
// port, `is_socket_file` that it is a unix socket. INVALID_ARGUMENT, with what to do, when
//  - the port is reached from elsewhere, and there is neither TLS nor options.insecure_plaintext;
//  - a certificate or key is missing, or cannot be read;
//  - tokens would cross a network in the clear.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const ServerOptions& options, bool is_loopback, bool is_socket_file);

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_SERVER_CREDENTIALS_H_
