#include "services/aggregator/control_error.h"

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {

grpc::Status NoSuchPipeline(const std::string& name) {
  return rpc::RpcError(
      grpc::StatusCode::NOT_FOUND,
      absl::StrCat("there is no pipeline \"", name, "\"; ListPipelines names those there are"),
      kErrorDomain, "PIPELINE_NOT_FOUND", {{"pipeline", name}});
}

grpc::Status PipelineExists(const std::string& name) {
  return rpc::RpcError(
      grpc::StatusCode::ALREADY_EXISTS,
      absl::StrCat("there is a pipeline \"", name, "\" already; UpdatePipeline changes it"),
      kErrorDomain, "PIPELINE_EXISTS", {{"pipeline", name}});
}

grpc::Status NoSuchReplica(const std::string& replica) {
  return rpc::RpcError(
      grpc::StatusCode::NOT_FOUND,
      absl::StrCat("no replica \"", replica, "\" is alive; ListReplicas names those there are"),
      kErrorDomain, "REPLICA_NOT_FOUND", {{"replica", replica}});
}

grpc::Status BadRequest(const std::vector<rpc::FieldViolation>& violations) {
  std::string message = "the request is not valid:";
  for (const rpc::FieldViolation& violation : violations) {
    absl::StrAppend(&message, " ", violation.field, " ", violation.description, ";");
  }
  message.pop_back();
  return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT, message, kErrorDomain, "INVALID_FIELD",
                       {}, violations);
}

grpc::Status EtagMismatch(const std::string& etag) {
  return rpc::RpcError(
      grpc::StatusCode::ABORTED,
      "the pipeline has changed since: read it again and repeat the change with its new etag",
      kErrorDomain, "ETAG_MISMATCH", {{"etag", etag}});
}

}  // namespace windrow::aggregator
