#ifndef SERVICES_QUERY_SINK_QUERY_SERVICE_FIXTURE_H_
#define SERVICES_QUERY_SINK_QUERY_SERVICE_FIXTURE_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "services/query/sink/query_service.h"
#include "services/query/sink/result_store.h"
#include "services/query/sink/sample_changes.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::query {

// What the tests of QueryService's calls share: the service behind a server of its own, and what
// they look at in answers.

constexpr char kParent[] = "pipelines/p/views/by-type";

// "CODE REASON" of an error.
std::string Reason(const grpc::Status& status);

// What an error's ErrorInfo says of a key.
std::string Metadata(const grpc::Status& status, const std::string& key);

// The first wrong field that an error names.
std::string Field(const grpc::Status& status);

// "start/group=accepted".
std::vector<std::string> Rows(const google::protobuf::RepeatedPtrField<v1::Result>& results);

v1::SubscribeRequest SubscribeTo(const std::string& parent);

class QueryServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = ResultStore::Create("p", TestDirectory());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ASSERT_TRUE(store_->Open(2).ok());
    ASSERT_TRUE(store_->MarkComplete().ok());
    Serve();
  }

  void TearDown() override {
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
    service_.reset();
  }

  void Serve() {
    QueryService::Options options;
    options.max_subscribers = 3;
    options.subscriber_patience = patience_;
    service_ = std::make_unique<QueryService>(options);
    service_->Serve(store_);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    server_ = builder.BuildAndStart();
    stub_ = v1::QueryService::NewStub(server_->InProcessChannel(grpc::ChannelArguments()));
  }

  void Apply(SampleTopic& topic) {
    const absl::Status status = store_->Apply(topic.Take());
    ASSERT_TRUE(status.ok()) << status;
  }

  static void SetDeadline(grpc::ClientContext* context) {
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  }

  grpc::Status Call(const v1::ListViewsRequest& request, v1::ListViewsResponse* response) {
    grpc::ClientContext context;
    SetDeadline(&context);
    return stub_->ListViews(&context, request, response);
  }
  grpc::Status Call(const v1::ListWindowsRequest& request, v1::ListWindowsResponse* response) {
    grpc::ClientContext context;
    SetDeadline(&context);
    return stub_->ListWindows(&context, request, response);
  }
  grpc::Status Call(const v1::ListResultsRequest& request, v1::ListResultsResponse* response) {
    grpc::ClientContext context;
    SetDeadline(&context);
    return stub_->ListResults(&context, request, response);
  }
  grpc::Status Call(const v1::GetWindowRequest& request, v1::GetWindowResponse* response) {
    grpc::ClientContext context;
    SetDeadline(&context);
    return stub_->GetWindow(&context, request, response);
  }
  grpc::Status Call(const v1::ListSeriesRequest& request, v1::ListSeriesResponse* response) {
    grpc::ClientContext context;
    SetDeadline(&context);
    return stub_->ListSeries(&context, request, response);
  }
  grpc::Status Call(const v1::ListTotalsRequest& request, v1::ListTotalsResponse* response) {
    grpc::ClientContext context;
    SetDeadline(&context);
    return stub_->ListTotals(&context, request, response);
  }
  v1::GetStatusResponse Status() {
    grpc::ClientContext context;
    SetDeadline(&context);
    v1::GetStatusResponse response;
    EXPECT_TRUE(stub_->GetStatus(&context, v1::GetStatusRequest(), &response).ok());
    return response;
  }
  // How a Subscribe call ends that is refused.
  grpc::Status Refusal(const v1::SubscribeRequest& request) {
    grpc::ClientContext context;
    SetDeadline(&context);
    const auto stream = stub_->Subscribe(&context, request);
    v1::SubscribeResponse message;
    EXPECT_FALSE(stream->Read(&message)) << message.ShortDebugString();
    return stream->Finish();
  }

  // All pages of a list, and how many there were.
  std::vector<std::string> AllRows(v1::ListResultsRequest request, int* pages = nullptr) {
    std::vector<std::string> rows;
    for (int page = 1; page < 100; ++page) {
      v1::ListResultsResponse response;
      const grpc::Status status = Call(request, &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(response.resume_token().empty(), page > 1);
      for (std::string& row : Rows(response.results())) rows.push_back(std::move(row));
      if (pages != nullptr) *pages = page;
      if (!status.ok() || response.next_page_token().empty()) break;
      request.set_page_token(response.next_page_token());
    }
    return rows;
  }

  std::shared_ptr<ResultStore> store_;
  absl::Duration patience_ = absl::Minutes(1);
  std::unique_ptr<QueryService> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::unique_ptr<v1::QueryService::Stub> stub_;
  SampleTopic topic_{2};
};

// A Subscribe call of a client.
class ClientFeed {
 public:
  ClientFeed(v1::QueryService::Stub* stub, const v1::SubscribeRequest& request) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stream_ = stub->Subscribe(&context_, request);
  }
  ~ClientFeed() {
    context_.TryCancel();
    if (!finished_) stream_->Finish();
  }

  // A message, or none when the feed has ended.
  bool Read(v1::SubscribeResponse* message) { return stream_->Read(message); }

  // The next message that is no heartbeat.
  v1::SubscribeResponse Next() {
    v1::SubscribeResponse message;
    do {
      if (!stream_->Read(&message)) {
        ADD_FAILURE() << "the feed ended";
        return v1::SubscribeResponse();
      }
    } while (message.has_heartbeat());
    return message;
  }
  v1::SubscribeResponse NextOfAnyKind() {
    v1::SubscribeResponse message;
    EXPECT_TRUE(stream_->Read(&message));
    return message;
  }
  grpc::Status Finish() {
    finished_ = true;
    v1::SubscribeResponse message;
    EXPECT_FALSE(stream_->Read(&message)) << message.ShortDebugString();
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> stream_;
  bool finished_ = false;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_QUERY_SERVICE_FIXTURE_H_
