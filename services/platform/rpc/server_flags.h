#ifndef SERVICES_PLATFORM_RPC_SERVER_FLAGS_H_
#define SERVICES_PLATFORM_RPC_SERVER_FLAGS_H_

#include "absl/strings/string_view.h"
#include "services/platform/rpc/server_options.h"

namespace windrow::rpc {

// The options of the gRPC server by the flags that every service has: linking this adds them.
// `error_domain` as in ServerOptions. A wrong value prints one line to standard error and exits 2.
ServerOptions ServerOptionsFromFlags(absl::string_view error_domain);

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_SERVER_FLAGS_H_
