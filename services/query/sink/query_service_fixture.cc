#include "services/query/sink/query_service_fixture.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include "absl/strings/str_cat.h"

namespace windrow::query {

std::string Reason(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info)) {
      EXPECT_EQ(info.domain(), "query.windrow");
      return absl::StrCat(status.error_code(), " ", info.reason());
    }
  }
  return absl::StrCat(status.error_code(), " without reason: ", status.error_message());
}

std::string Metadata(const grpc::Status& status, const std::string& key) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info)) return info.metadata().at(key);
  }
  return "";
}

std::string Field(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const auto& detail : details.details()) {
    google::rpc::BadRequest bad_request;
    if (detail.UnpackTo(&bad_request)) return bad_request.field_violations(0).field();
  }
  return "";
}

std::vector<std::string> Rows(const google::protobuf::RepeatedPtrField<v1::Result>& results) {
  std::vector<std::string> rows;
  for (const v1::Result& row : results) {
    const int64_t start_us =
        row.window_start_time().seconds() * 1'000'000 + row.window_start_time().nanos() / 1000;
    rows.push_back(absl::StrCat(start_us, "/", row.group(0).string_value(), "=", row.accepted()));
  }
  return rows;
}

v1::SubscribeRequest SubscribeTo(const std::string& parent) {
  v1::SubscribeRequest request;
  request.set_parent(parent);
  return request;
}

}  // namespace windrow::query
