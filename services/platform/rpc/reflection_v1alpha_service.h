#ifndef SERVICES_PLATFORM_RPC_REFLECTION_V1ALPHA_SERVICE_H_
#define SERVICES_PLATFORM_RPC_REFLECTION_V1ALPHA_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include "services/platform/rpc/reflection_service.h"

namespace windrow::rpc {

// Server reflection v1alpha by what v1 answers: their messages are the same but for the package.
// gRPC's own takes a thread per stream, so that it would be refused when calls are at their limit.
class ReflectionV1AlphaService final : public grpc::Service {
 public:
  // `v1` must outlive it.
  explicit ReflectionV1AlphaService(ReflectionService* v1);
};

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_REFLECTION_V1ALPHA_SERVICE_H_
