#include "services/platform/rpc/rpc_error.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace windrow::rpc {
namespace {

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

TEST(RpcErrorTest, CarriesErrorInfo) {
  const grpc::Status error =
      RpcError(grpc::StatusCode::NOT_FOUND, "no pipeline 'x'", "aggregator.windrow",
               "PIPELINE_NOT_FOUND", {{"pipeline", "x"}});
  EXPECT_EQ(error.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(error.error_message(), "no pipeline 'x'");

  const google::rpc::Status status = DetailsOf(error);
  EXPECT_EQ(status.code(), 5);
  EXPECT_EQ(status.message(), "no pipeline 'x'");
  ASSERT_EQ(status.details_size(), 1);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "PIPELINE_NOT_FOUND");
  EXPECT_EQ(info.domain(), "aggregator.windrow");
  ASSERT_EQ(info.metadata_size(), 1);
  EXPECT_EQ(info.metadata().at("pipeline"), "x");
}

TEST(RpcErrorTest, NamesWrongFields) {
  const grpc::Status error = RpcError(
      grpc::StatusCode::INVALID_ARGUMENT, "wrong settings", "aggregator.windrow", "WRONG_SETTINGS",
      {}, {{"settings.parallelism", "must be at least 1"}, {"settings.rate", "is negative"}});
  const google::rpc::Status status = DetailsOf(error);
  ASSERT_EQ(status.details_size(), 2);
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(status.details(1).UnpackTo(&bad_request));
  ASSERT_EQ(bad_request.field_violations_size(), 2);
  EXPECT_EQ(bad_request.field_violations(0).field(), "settings.parallelism");
  EXPECT_EQ(bad_request.field_violations(0).description(), "must be at least 1");
}

TEST(RpcErrorTest, FitsIntoTrailingMetadata) {
  const std::string huge(100000, 'x');
  const std::map<std::string, std::string> metadata = {{"a", huge}, {"b", "short"}};
  const std::vector<FieldViolation> violations(1000, FieldViolation{huge, huge});
  const grpc::Status error = RpcError(grpc::StatusCode::INVALID_ARGUMENT, huge, "query.windrow",
                                      "WRONG", metadata, violations);
  // In base64 and with the message beside it, below the 8 KiB that clients accept.
  EXPECT_LT(error.error_details().size() * 4 / 3 + error.error_message().size(), 7000u);
  const google::rpc::Status status = DetailsOf(error);
  ASSERT_EQ(status.details_size(), 2);
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(status.details(1).UnpackTo(&bad_request));
  EXPECT_GE(bad_request.field_violations_size(), 1);
}

TEST(RpcErrorTest, IsValidUtf8WhateverItQuotes) {
  const grpc::Status error =
      RpcError(grpc::StatusCode::INVALID_ARGUMENT, "bad \xFF", "query.windrow", "WRONG");
  EXPECT_EQ(error.error_message(), "bad \xEF\xBF\xBD");
}

TEST(RpcErrorTest, KeepsCodeAndMessageOfAStatus) {
  const grpc::Status error =
      RpcError(absl::UnavailableError("Kafka is away"), "query.windrow", "KAFKA_UNAVAILABLE");
  EXPECT_EQ(error.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(error.error_message(), "Kafka is away");
  EXPECT_TRUE(RpcError(absl::OkStatus(), "query.windrow", "NONE").ok());
}

}  // namespace
}  // namespace windrow::rpc
