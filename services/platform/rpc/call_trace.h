#ifndef SERVICES_PLATFORM_RPC_CALL_TRACE_H_
#define SERVICES_PLATFORM_RPC_CALL_TRACE_H_

#include <grpcpp/server_context.h>

#include <string>

#include "services/platform/runtime/trace_parent.h"

namespace windrow::rpc {

// The trace that a call belongs to, by its metadata; empty for none, or without a connection.
inline std::string TraceParentOf(const grpc::ServerContextBase* context) {
  if (context == nullptr) return "";
  const auto found = context->client_metadata().find(runtime::kTraceParent);
  if (found == context->client_metadata().end()) return "";
  return runtime::ValidTraceParent({found->second.data(), found->second.size()});
}

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_CALL_TRACE_H_
