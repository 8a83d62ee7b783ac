#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/platform/rpc/rpc_server.h"
#include "services/query/sink/query_service.h"
#include "services/query/sink/sample_changes.h"

namespace windrow::query {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;

constexpr char kParent[] = "pipelines/p/views/by-type";
// A list in an order looks at all: milliseconds.
constexpr int kRows = 30'000;

// Remembers how calls ended.
class Observer final : public rpc::CallObserver {
 public:
  void OnStarted(absl::string_view /*method*/, CallType /*type*/) override {}
  void OnHandled(absl::string_view method, CallType /*type*/, grpc::StatusCode code,
                 absl::Duration /*duration*/) override {
    absl::MutexLock lock(&mutex_);
    handled_.push_back(absl::StrCat(method, " ", code));
  }
  std::vector<std::string> handled() const {
    absl::MutexLock lock(&mutex_);
    return handled_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> handled_ ABSL_GUARDED_BY(mutex_);
};

template <typename Detail>
Detail DetailOf(const grpc::Status& error) {
  google::rpc::Status status;
  EXPECT_TRUE(status.ParseFromString(error.error_details()));
  Detail detail;
  for (const auto& any : status.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  return {};
}

// The service behind the server that services run, with many rows.
class QueryLimitsTest : public ::testing::Test {
 protected:
  void Start(int max_concurrent_calls) {
    auto store = ResultStore::Create("p", TestDirectory());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ASSERT_TRUE(store_->Open(1).ok());
    SampleTopic topic(1);
    for (int row = 0; row < kRows; ++row) topic.Row(0, 600 * (row / 1000), Group(row), row);
    ASSERT_TRUE(store_->Apply(topic.Take()).ok());
    ASSERT_TRUE(store_->MarkComplete().ok());
    service_ = std::make_unique<QueryService>(QueryService::Options());
    service_->Serve(store_);
    rpc::ServerOptions options;
    options.max_concurrent_calls = max_concurrent_calls;
    auto server = rpc::RpcServer::Start("127.0.0.1:0", {service_.get()}, options, &observer_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::QueryService::NewStub(grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
  }
  void TearDown() override {
    server_.reset();
    service_.reset();
  }

  static std::string Group(int row) { return absl::StrCat("group-", row); }

  // A call that takes long: it has not been answered before.
  grpc::Status ListTop(absl::Duration timeout) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    v1::ListResultsRequest request;
    request.set_parent(kParent);
    request.set_order_by("count desc");
    request.set_page_size(1);
    request.mutable_end_time()->set_seconds(1'000'000 + ++calls_);
    v1::ListResultsResponse response;
    return stub_->ListResults(&context, request, &response);
  }

  const absl::Time deadline_ = absl::Now() + absl::Seconds(60);
  std::atomic<int> calls_{0};
  Observer observer_;
  std::shared_ptr<ResultStore> store_;
  std::unique_ptr<QueryService> service_;
  std::unique_ptr<rpc::RpcServer> server_;
  std::unique_ptr<v1::QueryService::Stub> stub_;
};

TEST_F(QueryLimitsTest, CallsBeyondTheLimitAreRefusedAndFeedsDoNotCount) {
  Start(2);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> feeds;
  for (int i = 0; i < 6; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    v1::SubscribeRequest request;
    request.set_parent(kParent);
    feeds.push_back(stub_->Subscribe(contexts.back().get(), request));
    v1::SubscribeResponse confirmation;
    ASSERT_TRUE(feeds.back()->Read(&confirmation));
  }
  EXPECT_TRUE(ListTop(absl::Seconds(60)).ok()) << "six feeds leave room for calls";

  absl::Mutex mutex;
  grpc::Status refusal;
  std::atomic<bool> refused{false};
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      while (!refused && absl::Now() < deadline_) {
        const grpc::Status status = ListTop(absl::Seconds(60));
        if (status.ok()) continue;
        absl::MutexLock lock(&mutex);
        refusal = status;
        refused = true;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(refusal.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << refusal.error_message();
  EXPECT_EQ(DetailOf<google::rpc::ErrorInfo>(refusal).reason(), "SERVER_BUSY");
  EXPECT_EQ(DetailOf<google::rpc::RetryInfo>(refusal).retry_delay().seconds(), 1);

  EXPECT_TRUE(ListTop(absl::Seconds(60)).ok()) << "there is room again";
  for (size_t i = 0; i < feeds.size(); ++i) {
    contexts[i]->TryCancel();
    feeds[i]->Finish();
  }
}

TEST_F(QueryLimitsTest, ListIsGivenUpWhenItsCallerHasNoTimeLeft) {
  Start(2);
  const std::string given_up =
      absl::StrCat("/windrow.query.v1.QueryService/ListResults ", grpc::StatusCode::CANCELLED);
  std::vector<std::string> handled;
  // Time may be over before the call has come, or after it has been answered.
  for (int timeout_ms = 1; absl::Now() < deadline_; timeout_ms = timeout_ms % 20 + 1) {
    EXPECT_THAT(ListTop(absl::Milliseconds(timeout_ms)).error_code(),
                AnyOf(grpc::StatusCode::OK, grpc::StatusCode::DEADLINE_EXCEEDED));
    handled = observer_.handled();
    if (std::count(handled.begin(), handled.end(), given_up) > 0) break;
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_THAT(handled, Contains(given_up));
}

}  // namespace
}  // namespace windrow::query
