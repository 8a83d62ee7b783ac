#ifndef SERVICES_AGGREGATOR_CONTROL_ERROR_H_
#define SERVICES_AGGREGATOR_CONTROL_ERROR_H_

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/platform/rpc/rpc_error.h"

namespace windrow::aggregator {

// Errors of the aggregator's RPCs; see windrow/aggregator/v1/pipeline_service.proto.

// Domain of their ErrorInfo.
inline constexpr char kErrorDomain[] = "aggregator.windrow";

// NOT_FOUND (PIPELINE_NOT_FOUND).
grpc::Status NoSuchPipeline(const std::string& name);
// ALREADY_EXISTS (PIPELINE_EXISTS).
grpc::Status PipelineExists(const std::string& name);
// NOT_FOUND (REPLICA_NOT_FOUND).
grpc::Status NoSuchReplica(const std::string& replica);
// FAILED_PRECONDITION (PIPELINE_NOT_RUN_HERE): `replica` knows the pipeline, and has no workers for
// it.
grpc::Status PipelineNotRunHere(const std::string& name, const std::string& replica);
// NOT_FOUND (TABLE_NOT_FOUND).
grpc::Status NoSuchTable(const std::string& table);
// INVALID_ARGUMENT (BAD_PAGE_TOKEN).
grpc::Status BadPageToken();
// INVALID_ARGUMENT (INVALID_FIELD): the request's id stands for a change that has been made,
// another one.
grpc::Status RequestIdReused();
// DEADLINE_EXCEEDED or UNAVAILABLE (CONTROL_LOG_UNAVAILABLE): the change may have been made, or may
// be yet.
grpc::Status ControlLogUnavailable(const absl::Status& status);
// INVALID_ARGUMENT (INVALID_FIELD) with BadRequest.
grpc::Status BadRequest(const std::vector<rpc::FieldViolation>& violations);
// ABORTED (ETAG_MISMATCH) with the etag that the pipeline has now.
grpc::Status EtagMismatch(const std::string& etag);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CONTROL_ERROR_H_
