#include "services/platform/rpc/rpc_error.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "services/platform/runtime/valid_utf8.h"

namespace windrow::rpc {
namespace {

// Everything here travels in the trailing metadata, of which clients take 8 KiB by default. What is
// beyond that would cost the caller the whole error. Details are sent in base64, and the message
// also percent-encoded.
constexpr size_t kMaxMessageBytes = 1024;
constexpr size_t kMaxNameBytes = 128;
constexpr size_t kMaxValueBytes = 256;
constexpr size_t kMaxDetailBytes = 1024;

void AddErrorInfo(absl::string_view domain, absl::string_view reason,
                  const std::map<std::string, std::string>& metadata, google::rpc::Status& status) {
  google::rpc::ErrorInfo info;
  info.set_reason(runtime::ValidUtf8(reason, kMaxNameBytes));
  info.set_domain(runtime::ValidUtf8(domain, kMaxNameBytes));
  for (const auto& [name, value] : metadata) {
    if (info.ByteSizeLong() + name.size() + value.size() > kMaxDetailBytes) break;
    (*info.mutable_metadata())[runtime::ValidUtf8(name, kMaxNameBytes)] =
        runtime::ValidUtf8(value, kMaxValueBytes);
  }
  status.add_details()->PackFrom(info);
}

void AddBadRequest(const std::vector<FieldViolation>& violations, google::rpc::Status& status) {
  google::rpc::BadRequest bad_request;
  for (const FieldViolation& violation : violations) {
    google::rpc::BadRequest::FieldViolation field;
    field.set_field(runtime::ValidUtf8(violation.field, kMaxNameBytes));
    field.set_description(runtime::ValidUtf8(violation.description, kMaxValueBytes));
    if (bad_request.ByteSizeLong() + field.ByteSizeLong() > kMaxDetailBytes) break;
    *bad_request.add_field_violations() = field;
  }
  status.add_details()->PackFrom(bad_request);
}

}  // namespace

grpc::Status RpcError(grpc::StatusCode code, absl::string_view message, absl::string_view domain,
                      absl::string_view reason, const std::map<std::string, std::string>& metadata,
                      const std::vector<FieldViolation>& violations) {
  if (code == grpc::StatusCode::OK) return grpc::Status::OK;
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(runtime::ValidUtf8(message, kMaxMessageBytes));
  AddErrorInfo(domain, reason, metadata, status);
  if (!violations.empty()) AddBadRequest(violations, status);
  return grpc::Status(code, status.message(), status.SerializeAsString());
}

grpc::Status RpcError(const absl::Status& status, absl::string_view domain,
                      absl::string_view reason) {
  // The codes are the same numbers by definition.
  return RpcError(static_cast<grpc::StatusCode>(status.code()), status.message(), domain, reason);
}

grpc::Status WithRetry(const grpc::Status& error, absl::Duration delay) {
  google::rpc::Status status;
  if (error.ok() || !status.ParseFromString(error.error_details())) return error;
  google::rpc::RetryInfo retry;
  google::protobuf::Duration& wait = *retry.mutable_retry_delay();
  wait.set_seconds(absl::IDivDuration(delay, absl::Seconds(1), &delay));
  wait.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  status.add_details()->PackFrom(retry);
  return grpc::Status(error.error_code(), error.error_message(), status.SerializeAsString());
}

}  // namespace windrow::rpc
