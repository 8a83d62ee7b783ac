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

grpc::Status PipelineNotRunHere(const std::string& name, const std::string& replica) {
  return rpc::RpcError(grpc::StatusCode::FAILED_PRECONDITION,
                       absl::StrCat("replica \"", replica, "\" does not run \"", name,
                                    "\": ask one that does; ListReplicas names them"),
                       kErrorDomain, "PIPELINE_NOT_RUN_HERE",
                       {{"pipeline", name}, {"replica", replica}});
}

grpc::Status NoSuchTable(const std::string& table) {
  return rpc::RpcError(grpc::StatusCode::NOT_FOUND,
                       absl::StrCat("the pipeline has no table \"", table,
                                    "\"; GetPipeline names those that it has"),
                       kErrorDomain, "TABLE_NOT_FOUND", {{"table", table}});
}

grpc::Status BadPageToken() {
  const std::string words =
      "is not a token of this list: it must be the next_page_token of the answer before";
  return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT, "page_token " + words, kErrorDomain,
                       "BAD_PAGE_TOKEN", {}, {{"page_token", words}});
}

grpc::Status RequestIdReused() {
  return BadRequest({{"request_id", "has been used for another change: take a new one"}});
}

grpc::Status ControlLogUnavailable(const absl::Status& status) {
  return rpc::RpcError(
      absl::Status(status.code(),
                   absl::StrCat(status.message(),
                                "; whether the change is made is not known: repeat the call with "
                                "the same request_id, or look at the pipeline first")),
      kErrorDomain, "CONTROL_LOG_UNAVAILABLE");
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
  return rpc::RpcError(grpc::StatusCode::ABORTED,
                       "the pipeline has changed since: read it again and repeat the change with "
                       "its new etag, under "
                       "another request_id",
                       kErrorDomain, "ETAG_MISMATCH", {{"etag", etag}});
}

}  // namespace windrow::aggregator
