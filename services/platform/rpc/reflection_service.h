#ifndef SERVICES_PLATFORM_RPC_REFLECTION_SERVICE_H_
#define SERVICES_PLATFORM_RPC_REFLECTION_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <string>
#include <utility>
#include <vector>

#include "grpc/reflection/v1/reflection.grpc.pb.h"

namespace windrow::rpc {

// Server reflection v1, which gRPC 1.51 itself does not have: answers from the descriptors that are
// linked into the program. Thread-safe once the names are set; takes no thread per stream.
class ReflectionService final : public grpc::reflection::v1::ServerReflection::CallbackService {
 public:
  // The services to list. Call before the server starts.
  void SetServiceNames(std::vector<std::string> names) { service_names_ = std::move(names); }
  const std::vector<std::string>& service_names() const { return service_names_; }

  grpc::ServerBidiReactor<grpc::reflection::v1::ServerReflectionRequest,
                          grpc::reflection::v1::ServerReflectionResponse>*
  ServerReflectionInfo(grpc::CallbackServerContext* context) override;

  // The answer to one request.
  grpc::reflection::v1::ServerReflectionResponse Answer(
      const grpc::reflection::v1::ServerReflectionRequest& request) const;

 private:
  std::vector<std::string> service_names_;
};

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_REFLECTION_SERVICE_H_
