#include "services/platform/rpc/rpc_server.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/client_unary_call.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "services/platform/rpc/rpc_error.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::rpc {
namespace {

using grpc::health::v1::HealthCheckResponse;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

constexpr char kQueryService[] = "windrow.query.v1.QueryService";

// The details of an error, of one type; empty when there is none.
template <typename Detail>
Detail DetailOf(const grpc::Status& error) {
  google::rpc::Status status;
  EXPECT_TRUE(status.ParseFromString(error.error_details()));
  Detail detail;
  for (const google::protobuf::Any& any : status.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  return {};
}

// Counts what it hears of.
class Observer final : public CallObserver {
 public:
  void OnStarted(absl::string_view method, CallType) override {
    absl::MutexLock lock(&mutex_);
    started_.emplace_back(method);
  }
  void OnHandled(absl::string_view method, CallType, grpc::StatusCode code,
                 absl::Duration) override {
    absl::MutexLock lock(&mutex_);
    handled_.push_back(absl::StrCat(method, " ", code));
  }
  std::vector<std::string> started() const {
    absl::MutexLock lock(&mutex_);
    return started_;
  }
  std::vector<std::string> handled() const {
    absl::MutexLock lock(&mutex_);
    return handled_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> started_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> handled_ ABSL_GUARDED_BY(mutex_);
};

// Holds ListWindows until it is released or cancelled.
class HeldQuery final : public query::v1::QueryService::Service {
 public:
  grpc::Status ListWindows(grpc::ServerContext* context, const query::v1::ListWindowsRequest*,
                           query::v1::ListWindowsResponse*) override {
    if (!entered.HasBeenNotified()) entered.Notify();
    while (!release.WaitForNotificationWithTimeout(absl::Milliseconds(5))) {
      if (context->IsCancelled()) return grpc::Status::CANCELLED;
    }
    return RpcError(grpc::StatusCode::NOT_FOUND, "no such pipeline", "query.windrow",
                    "NO_PIPELINE");
  }

  absl::Notification entered;
  absl::Notification release;
};

class RpcServerTest : public testing::Test {
 protected:
  void SetUp() override { Start({}); }

  void Start(const ServerOptions& options) {
    server_.reset();
    absl::StatusOr<std::unique_ptr<RpcServer>> started =
        RpcServer::Start("127.0.0.1:0", {&query_}, options, &observer_);
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    address_ = absl::StrCat("127.0.0.1:", server_->port());
    channel_ = grpc::CreateChannel(address_, grpc::InsecureChannelCredentials());
  }

  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
    context.set_wait_for_ready(true);
  }

  HealthCheckResponse::ServingStatus HealthOf(const std::string& service) {
    grpc::ClientContext context;
    SetDeadline(context);
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    const grpc::Status status =
        grpc::health::v1::Health::NewStub(channel_)->Check(&context, request, &response);
    EXPECT_TRUE(status.ok()) << service << ": " << status.error_message();
    return response.status();
  }

  // Starts a call of ListWindows that is in the server when this returns.
  std::thread HeldCall(grpc::Status& result) {
    std::thread call([this, &result] {
      grpc::ClientContext context;
      SetDeadline(context);
      query::v1::ListWindowsResponse response;
      result = query::v1::QueryService::NewStub(channel_)->ListWindows(&context, {}, &response);
    });
    query_.entered.WaitForNotification();
    return call;
  }

  // Calls any method with any message.
  grpc::Status Call(const char* method, const google::protobuf::Message& request) {
    grpc::ClientContext context;
    SetDeadline(context);
    query::v1::ListWindowsResponse response;
    return grpc::internal::BlockingUnaryCall<google::protobuf::Message,
                                             query::v1::ListWindowsResponse>(
        channel_.get(),
        grpc::internal::RpcMethod(method, grpc::internal::RpcMethod::NORMAL_RPC, channel_),
        &context, request, &response);
  }

  std::atomic<int> refused_{0};
  Observer observer_;
  HeldQuery query_;
  std::unique_ptr<RpcServer> server_;
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(RpcServerTest, ServesHealth) {
  EXPECT_EQ(HealthOf(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(HealthOf(kQueryService), HealthCheckResponse::NOT_SERVING);
  server_->SetServing(true);
  EXPECT_EQ(HealthOf(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(HealthOf(kQueryService), HealthCheckResponse::SERVING);
  EXPECT_EQ(HealthOf("readiness"), HealthCheckResponse::SERVING);
  server_->SetServing(false);
  EXPECT_EQ(HealthOf(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(HealthOf("readiness"), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(HealthOf("liveness"), HealthCheckResponse::SERVING) << "whatever Kafka does";
}

TEST_F(RpcServerTest, SaysThatItDrainsBeforeItRefuses) {
  server_->SetServing(true);
  server_->BeginDrain();
  EXPECT_EQ(HealthOf(""), HealthCheckResponse::NOT_SERVING);
  server_->SetServing(true);
  EXPECT_EQ(HealthOf(kQueryService), HealthCheckResponse::NOT_SERVING) << "for good";
  EXPECT_EQ(HealthOf("liveness"), HealthCheckResponse::SERVING);
  query_.release.Notify();
  EXPECT_EQ(Call("/windrow.query.v1.QueryService/ListWindows", query::v1::ListWindowsRequest())
                .error_code(),
            grpc::StatusCode::NOT_FOUND)
      << "calls are still taken";
}

// The same questions to both versions of reflection, whose messages are alike; v1alpha is called by
// name, because its stubs are not installed.
class ReflectionTest : public RpcServerTest, public testing::WithParamInterface<const char*> {
 protected:
  std::vector<ServerReflectionResponse> Ask(const std::vector<ServerReflectionRequest>& requests) {
    // A stub of v1 whose calls go to the method under test.
    const grpc::internal::RpcMethod method(GetParam(), grpc::internal::RpcMethod::BIDI_STREAMING,
                                           channel_);
    grpc::ClientContext context;
    SetDeadline(context);
    std::unique_ptr<grpc::ClientReaderWriter<ServerReflectionRequest, ServerReflectionResponse>>
        stream(grpc::internal::ClientReaderWriterFactory<
               ServerReflectionRequest, ServerReflectionResponse>::Create(channel_.get(), method,
                                                                          &context));
    std::vector<ServerReflectionResponse> responses;
    for (const ServerReflectionRequest& request : requests) {
      EXPECT_TRUE(stream->Write(request));
      EXPECT_TRUE(stream->Read(&responses.emplace_back()));
    }
    stream->WritesDone();
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return responses;
  }

  ServerReflectionResponse AskForSymbol(const std::string& symbol) {
    ServerReflectionRequest request;
    request.set_file_containing_symbol(symbol);
    return Ask({request}).front();
  }
};

std::vector<std::string> FilesOf(const ServerReflectionResponse& response) {
  std::vector<std::string> names;
  for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(file.ParseFromString(bytes));
    names.push_back(file.name());
  }
  return names;
}

TEST_P(ReflectionTest, ListsEveryService) {
  ServerReflectionRequest request;
  request.set_list_services("*");
  const ServerReflectionResponse response = Ask({request}).front();
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) {
    names.push_back(service.name());
  }
  EXPECT_THAT(names, UnorderedElementsAreArray({kQueryService, "grpc.health.v1.Health",
                                                "grpc.reflection.v1.ServerReflection",
                                                "grpc.reflection.v1alpha.ServerReflection"}));
}

TEST_P(ReflectionTest, DescribesServicesWithAllTheyImport) {
  EXPECT_THAT(FilesOf(AskForSymbol(kQueryService)),
              IsSupersetOf({"windrow/query/v1/query_service.proto",
                            "windrow/results/v1/result.proto", "google/protobuf/timestamp.proto"}));
  EXPECT_THAT(FilesOf(AskForSymbol(absl::StrCat(kQueryService, ".ListWindows"))),
              Contains("windrow/query/v1/query_service.proto"));
  EXPECT_THAT(FilesOf(AskForSymbol("grpc.reflection.v1.ServerReflection")), SizeIs(1));
  EXPECT_THAT(FilesOf(AskForSymbol("grpc.reflection.v1alpha.ServerReflection")), SizeIs(1));
}

TEST_P(ReflectionTest, DescribesHealthAndTheDetailsOfErrors) {
  EXPECT_THAT(FilesOf(AskForSymbol("grpc.health.v1.Health")), SizeIs(1));
  EXPECT_THAT(FilesOf(AskForSymbol("google.rpc.ErrorInfo")),
              Contains("google/rpc/error_details.proto"));
}

TEST_P(ReflectionTest, AnswersWhenCallsAreAtTheirLimit) {
  ServerOptions options;
  options.max_concurrent_calls = 1;
  Start(options);
  std::vector<std::thread> calls;
  std::atomic<int> refused{0};
  for (int i = 0; i < 8; ++i) {
    calls.emplace_back([this, &refused] {
      const grpc::Status status =
          Call("/windrow.query.v1.QueryService/ListWindows", query::v1::ListWindowsRequest());
      if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) ++refused;
    });
  }
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (refused == 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(2));
  EXPECT_GT(refused, 0);
  EXPECT_THAT(FilesOf(AskForSymbol(kQueryService)), SizeIs(Gt(1)));
  query_.release.Notify();
  for (std::thread& call : calls) call.join();
}

TEST_P(ReflectionTest, FindsFilesByName) {
  ServerReflectionRequest request;
  request.set_file_by_filename("google/protobuf/timestamp.proto");
  ServerReflectionRequest another;
  another.set_file_by_filename("windrow/pipeline/v1/none.proto");
  // Several on one stream.
  const std::vector<ServerReflectionResponse> responses = Ask({request, another});
  EXPECT_THAT(FilesOf(responses[0]), ElementsAre("google/protobuf/timestamp.proto"));
  EXPECT_EQ(responses[1].error_response().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_P(ReflectionTest, SaysWhatIsUnknown) {
  const ServerReflectionResponse response = AskForSymbol("windrow.query.v1.Nothing");
  EXPECT_EQ(response.error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(response.original_request().file_containing_symbol(), "windrow.query.v1.Nothing");
}

INSTANTIATE_TEST_SUITE_P(
    Versions, ReflectionTest,
    testing::Values("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
    [](const auto& test) {
      return std::string(strstr(test.param, "v1alpha") == nullptr ? "V1" : "V1alpha");
    });

TEST_F(RpcServerTest, NamesATakenPort) {
  const absl::Status status = RpcServer::Start(address_, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr(address_));
  EXPECT_THAT(std::string(status.message()), HasSubstr("the port is taken"));
}

TEST_F(RpcServerTest, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000",
                              "127.0.0.1:-1", ":7001", "no.such.host.invalid:7001"}) {
    EXPECT_EQ(RpcServer::Start(address, {}).status().code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
}

TEST_F(RpcServerTest, PlaintextIsForThisMachineAlone) {
  for (const char* address : {"0.0.0.0:0", "[::]:0"}) {
    const absl::Status refused = RpcServer::Start(address, {}).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("--insecure_plaintext"));
  }
  ServerOptions options;
  options.insecure_plaintext = true;
  EXPECT_TRUE(RpcServer::Start("0.0.0.0:0", {}, options).ok());
  for (const char* address : {"localhost:0", "127.0.0.2:0"}) {
    EXPECT_TRUE(RpcServer::Start(address, {}).ok()) << address;
  }
}

// Lets nobody in but "/…/ListWindows" with a token.
class Doorkeeper final : public grpc::AuthMetadataProcessor {
 public:
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata*,
                       OutputMetadata*) override {
    const auto token = metadata.find("authorization");
    if (token == metadata.end()) return {grpc::StatusCode::UNAUTHENTICATED, "who are you?"};
    return grpc::Status::OK;
  }
};

TEST_F(RpcServerTest, TheGateIsAskedBeforeTheHandler) {
  ServerOptions options;
  options.gate = std::make_shared<Doorkeeper>();
  Start(options);
  EXPECT_EQ(Call("/windrow.query.v1.QueryService/ListWindows", query::v1::ListWindowsRequest())
                .error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_FALSE(query_.entered.HasBeenNotified());
  query_.release.Notify();
  grpc::ClientContext context;
  SetDeadline(context);
  context.AddMetadata("authorization", "Bearer x");
  query::v1::ListWindowsResponse response;
  EXPECT_EQ(
      query::v1::QueryService::NewStub(channel_)->ListWindows(&context, {}, &response).error_code(),
      grpc::StatusCode::NOT_FOUND);

  // Tokens do not go over a network in the clear, whatever is said of it.
  options.insecure_plaintext = true;
  const absl::Status refused = RpcServer::Start("0.0.0.0:0", {}, options).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("--tls_cert"));
}

TEST_F(RpcServerTest, SaysWhichFileOfTlsIsWrong) {
  ServerOptions options;
  options.tls.cert = "/no/such/file";
  EXPECT_THAT(std::string(RpcServer::Start("127.0.0.1:0", {}, options).status().message()),
              HasSubstr("--tls_key"));
  options.tls.key = "/no/such/key";
  EXPECT_THAT(std::string(RpcServer::Start("127.0.0.1:0", {}, options).status().message()),
              HasSubstr("/no/such/file"));
}

TEST_F(RpcServerTest, FreesItsPort) {
  server_.reset();
  EXPECT_TRUE(RpcServer::Start(address_, {}).ok());
}

TEST_F(RpcServerTest, DrainWaitsForRunningCalls) {
  grpc::Status result;
  std::thread call = HeldCall(result);
  std::thread drain([&] { server_->Drain(absl::Seconds(20)); });
  query_.release.Notify();
  drain.join();
  call.join();
  EXPECT_EQ(result.error_code(), grpc::StatusCode::NOT_FOUND) << result.error_message();
  EXPECT_FALSE(result.error_details().empty()) << "details cross the wire";
}

TEST_F(RpcServerTest, DrainCancelsCallsAfterTheGrace) {
  grpc::Status result;
  std::thread call = HeldCall(result);
  const absl::Time start = absl::Now();
  server_->Drain(absl::Milliseconds(50));
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  call.join();
  EXPECT_FALSE(result.ok());
  server_->Drain(absl::Seconds(20));  // Again does nothing.
}

TEST_F(RpcServerTest, RefusesMessagesThatAreTooBig) {
  query::v1::ListWindowsRequest request;
  request.mutable_page_token()->assign(5 << 20, 'x');
  const grpc::Status status = Call("/windrow.query.v1.QueryService/ListWindows", request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();

  ServerOptions options;
  options.max_request_bytes = 6 << 20;
  Start(options);
  query_.release.Notify();
  EXPECT_EQ(Call("/windrow.query.v1.QueryService/ListWindows", request).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(RpcServerTest, ErrorsOfTheServerItselfHaveDetails) {
  ServerOptions options;
  options.error_domain = "query.windrow";
  Start(options);
  for (const char* method : {"/windrow.query.v1.QueryService/NoSuchMethod", "/no.Such/Method",
                             // Served, but not written here.
                             "/windrow.query.v1.QueryService/ListViews"}) {
    const grpc::Status status = Call(method, query::v1::ListWindowsRequest());
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
    EXPECT_NE(status.error_message(), "");
    const auto info = DetailOf<google::rpc::ErrorInfo>(status);
    EXPECT_EQ(info.reason(), "METHOD_NOT_SERVED") << method;
    EXPECT_EQ(info.domain(), "query.windrow");
  }
}

TEST_F(RpcServerTest, RequestsThatCannotBeReadAreErrorsWithDetails) {
  google::protobuf::BytesValue request;
  request.set_value("\xff");  // Where the method's own request has text.
  const grpc::Status status = Call("/windrow.query.v1.QueryService/ListWindows", request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL) << status.error_message();
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(status).reason(), "REQUEST_NOT_READABLE");
}

TEST_F(RpcServerTest, CallsBeyondTheLimitAreRefusedWithATimeToRetry) {
  ServerOptions options;
  options.max_concurrent_calls = 3;
  Start(options);
  std::vector<grpc::Status> results(12);
  std::vector<std::thread> calls;
  for (grpc::Status& result : results) {
    calls.emplace_back([this, &result] {
      result = Call("/windrow.query.v1.QueryService/ListWindows", query::v1::ListWindowsRequest());
      // Those that were refused come back before the others are let go.
      if (result.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) ++refused_;
    });
  }
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  while (refused_ == 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(2));
  EXPECT_EQ(HealthOf(""), HealthCheckResponse::NOT_SERVING) << "health is always answered";
  query_.release.Notify();
  for (std::thread& call : calls) call.join();
  EXPECT_GT(refused_, 0);
  for (const grpc::Status& result : results) {
    if (result.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) {
      EXPECT_EQ(result.error_code(), grpc::StatusCode::NOT_FOUND) << result.error_message();
      continue;
    }
    EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(result).reason(), "SERVER_BUSY");
    EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(result).retry_delay().seconds(), 1);
  }
}

TEST_F(RpcServerTest, CallsOnOldConnectionsAreCutAfterTheGrace) {
  ServerOptions options;
  options.max_connection_age = absl::Milliseconds(100);
  options.max_connection_age_grace = absl::Milliseconds(100);
  Start(options);
  grpc::Status result;
  std::thread call = HeldCall(result);
  call.join();
  EXPECT_EQ(result.error_code(), grpc::StatusCode::UNAVAILABLE) << result.error_message();
}

TEST_F(RpcServerTest, TellsOfEveryCall) {
  query_.release.Notify();
  Call("/windrow.query.v1.QueryService/ListWindows", query::v1::ListWindowsRequest());
  Call("/no.Such/Method", query::v1::ListWindowsRequest());
  EXPECT_EQ(observer_.started().size(), 2u);
  EXPECT_EQ(observer_.started().front(), "/windrow.query.v1.QueryService/ListWindows");
  EXPECT_EQ(observer_.started().back(), "unknown") << "not what callers make up";
  EXPECT_EQ(observer_.handled().size(), 2u);
  EXPECT_EQ(observer_.handled().front(), "/windrow.query.v1.QueryService/ListWindows 5");
}

}  // namespace
}  // namespace windrow::rpc
