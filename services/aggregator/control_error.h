#ifndef SERVICES_AGGREGATOR_CONTROL_ERROR_H_
#define SERVICES_AGGREGATOR_CONTROL_ERROR_H_

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

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
// INVALID_ARGUMENT (INVALID_FIELD) with BadRequest.
grpc::Status BadRequest(const std::vector<rpc::FieldViolation>& violations);
// ABORTED (ETAG_MISMATCH) with the etag that the pipeline has now.
grpc::Status EtagMismatch(const std::string& etag);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CONTROL_ERROR_H_
