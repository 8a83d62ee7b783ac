#include "services/platform/rpc/service_config.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/validate_service_config.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/rpc/rpc_server.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"
#include "windrow/producer/v1/producer_service.grpc.pb.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::rpc {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

// What the configuration says of each method, by its full name.
std::map<std::string, Struct> MethodConfigs() {
  Struct config;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(kServiceConfig, &config).ok());
  std::map<std::string, Struct> methods;
  for (const Value& entry : config.fields().at("methodConfig").list_value().values()) {
    for (const Value& value : entry.struct_value().fields().at("name").list_value().values()) {
      const auto& name = value.struct_value().fields();
      const std::string full =
          absl::StrCat(name.at("service").string_value(), ".", name.at("method").string_value());
      EXPECT_TRUE(methods.emplace(full, entry.struct_value()).second) << full << " twice";
    }
  }
  return methods;
}

TEST(ServiceConfigTest, IsUnderstoodByGrpc) {
  EXPECT_EQ(grpc::experimental::ValidateServiceConfigJSON(kServiceConfig), "");
}

TEST(ServiceConfigTest, NamesEveryMethodAndNoOther) {
  std::map<std::string, Struct> methods = MethodConfigs();
  // By their messages, so that they are linked in.
  for (const auto* const descriptor :
       {aggregator::v1::GetPipelineRequest::descriptor()->file()->service(0),
        producer::v1::GetReplayRequest::descriptor()->file()->service(0),
        query::v1::GetStatusRequest::descriptor()->file()->service(0)}) {
    for (int i = 0; i < descriptor->method_count(); ++i) {
      EXPECT_EQ(methods.erase(descriptor->method(i)->full_name()), 1u)
          << descriptor->method(i)->full_name() << " is missing";
    }
  }
  for (const auto& [name, config] : methods) ADD_FAILURE() << name << " does not exist";
}

TEST(ServiceConfigTest, TriesOnlyReadingMethodsAgain) {
  for (const auto& [full_name, config] : MethodConfigs()) {
    const std::string name = full_name.substr(full_name.rfind('.') + 1);
    const bool reads = absl::StartsWith(name, "Get") || absl::StartsWith(name, "List") ||
                       absl::StartsWith(name, "Explain");
    EXPECT_EQ(config.fields().count("retryPolicy"), reads ? 1u : 0u) << name;
    if (!reads) continue;
    const auto& codes = config.fields().at("retryPolicy").struct_value().fields();
    EXPECT_EQ(codes.at("retryableStatusCodes").list_value().values_size(), 1);
    EXPECT_EQ(codes.at("retryableStatusCodes").list_value().values(0).string_value(),
              "UNAVAILABLE");
  }
}

// Fails the first two times.
class Wavering final : public producer::v1::ProducerService::Service {
 public:
  grpc::Status GetReplay(grpc::ServerContext*, const producer::v1::GetReplayRequest*,
                         producer::v1::GetReplayResponse*) override {
    return Answer();
  }
  grpc::Status PauseReplay(grpc::ServerContext*, const producer::v1::PauseReplayRequest*,
                           producer::v1::PauseReplayResponse*) override {
    return Answer();
  }

  std::atomic<int> calls{0};

 private:
  grpc::Status Answer() {
    return ++calls < 3 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now") : grpc::Status::OK;
  }
};

TEST(ServiceConfigTest, CallersTryReadsAgainAndNothingElse) {
  Wavering service;
  auto server = RpcServer::Start("127.0.0.1:0", {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(kServiceConfig);
  const auto stub = producer::v1::ProducerService::NewStub(
      grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", (*server)->port()),
                                grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext pausing;
  producer::v1::PauseReplayResponse paused;
  EXPECT_EQ(stub->PauseReplay(&pausing, {}, &paused).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(service.calls, 1);
  service.calls = 0;
  grpc::ClientContext getting;
  producer::v1::GetReplayResponse got;
  const grpc::Status status = stub->GetReplay(&getting, {}, &got);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(service.calls, 3);
}

}  // namespace
}  // namespace windrow::rpc
