#include "services/platform/rpc/reflection_v1alpha_service.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>

namespace windrow::rpc {
namespace {

using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

constexpr char kMethod[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

}  // namespace

ReflectionV1AlphaService::ReflectionV1AlphaService(ReflectionService* v1) {
  // Linked in for its descriptors, so that reflection can describe itself.
  grpc::reflection::ProtoServerReflectionPlugin descriptors;
  // As generated code does it; gRPC owns both.
  AddMethod(new grpc::internal::RpcServiceMethod(kMethod, grpc::internal::RpcMethod::BIDI_STREAMING,
                                                 nullptr));
  MarkMethodCallback(
      0, new grpc::internal::CallbackBidiHandler<ServerReflectionRequest, ServerReflectionResponse>(
             [v1](grpc::CallbackServerContext* context) {
               return v1->ServerReflectionInfo(context);
             }));
}

}  // namespace windrow::rpc
