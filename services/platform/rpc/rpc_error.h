#ifndef SERVICES_PLATFORM_RPC_RPC_ERROR_H_
#define SERVICES_PLATFORM_RPC_RPC_ERROR_H_

#include <grpcpp/support/status.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace windrow::rpc {

// A wrong field of a request: its path ("settings.parallelism") and what is wrong with it.
struct FieldViolation {
  std::string field;
  std::string description;
};

// An error of an RPC with google.rpc.ErrorInfo (AIP-193), and BadRequest when `violations` is not
// empty, in the status details. `reason` is UPPER_SNAKE, `domain` such as "query.windrow".
grpc::Status RpcError(grpc::StatusCode code, absl::string_view message, absl::string_view domain,
                      absl::string_view reason,
                      const std::map<std::string, std::string>& metadata = {},
                      const std::vector<FieldViolation>& violations = {});

// Turns a failed absl::Status into an RPC error with the same code and message.
grpc::Status RpcError(const absl::Status& status, absl::string_view domain,
                      absl::string_view reason);

// `error` of RpcError with google.rpc.RetryInfo: another try is worth while after `delay`.
grpc::Status WithRetry(const grpc::Status& error, absl::Duration delay);

}  // namespace windrow::rpc

#endif  // SERVICES_PLATFORM_RPC_RPC_ERROR_H_
