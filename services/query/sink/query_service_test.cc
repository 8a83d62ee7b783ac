#include "services/query/sink/query_service.h"

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/core/resume_token.h"
#include "services/query/sink/sample_changes.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kParent[] = "pipelines/p/views/by-type";

// "CODE REASON" of an error.
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

// What an error's ErrorInfo says of a key.
std::string Metadata(const grpc::Status& status, const std::string& key) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const auto& detail : details.details()) {
    google::rpc::ErrorInfo info;
    if (detail.UnpackTo(&info)) return info.metadata().at(key);
  }
  return "";
}

// The first wrong field that an error names.
std::string Field(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const auto& detail : details.details()) {
    google::rpc::BadRequest bad_request;
    if (detail.UnpackTo(&bad_request)) return bad_request.field_violations(0).field();
  }
  return "";
}

// "start/group=accepted".
std::vector<std::string> Rows(const google::protobuf::RepeatedPtrField<v1::Result>& results) {
  std::vector<std::string> rows;
  for (const v1::Result& row : results) {
    const int64_t start_us =
        row.window_start_time().seconds() * 1'000'000 + row.window_start_time().nanos() / 1000;
    rows.push_back(absl::StrCat(start_us, "/", row.group(0).string_value(), "=", row.accepted()));
  }
  return rows;
}

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
class Feed {
 public:
  Feed(v1::QueryService::Stub* stub, const v1::SubscribeRequest& request) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stream_ = stub->Subscribe(&context_, request);
  }
  ~Feed() {
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

v1::SubscribeRequest SubscribeTo(const std::string& parent) {
  v1::SubscribeRequest request;
  request.set_parent(parent);
  return request;
}

TEST_F(QueryServiceTest, ListsViewsInPages) {
  Apply(topic_.CloseThrough(0, 5'000'000).CloseThrough(1, 7'000'000));
  v1::ListViewsRequest request;
  request.set_page_size(1);
  v1::ListViewsResponse first;
  ASSERT_TRUE(Call(request, &first).ok());
  ASSERT_THAT(first.views(), SizeIs(1));
  EXPECT_EQ(first.views(0).name(), "pipelines/p/views/by-disposition");
  EXPECT_EQ(first.views(0).closed_through_time().seconds(), 5);
  request.set_page_token(first.next_page_token());
  v1::ListViewsResponse second;
  ASSERT_TRUE(Call(request, &second).ok());
  ASSERT_THAT(second.views(), SizeIs(1));
  EXPECT_EQ(second.views(0).name(), kParent);
  EXPECT_THAT(second.next_page_token(), IsEmpty());

  request.set_parent("pipelines/p");
  EXPECT_EQ(Reason(Call(request, &second)), "3 BAD_PAGE_TOKEN");
  request.clear_page_token();
  EXPECT_TRUE(Call(request, &second).ok());
}

TEST_F(QueryServiceTest, ListsRowsInBothOrdersInPagesOfAnySize) {
  for (int window = 0; window < 4; ++window) {
    for (const char* group : {"c", "a", "b"}) topic_.Row(window % 2, window * 600, group, window);
  }
  Apply(topic_.Late(0, 9000, 1));
  const std::vector<std::string> oldest_first = {"0/a=0",    "0/b=0",    "0/c=0",    "600/a=1",
                                                 "600/b=1",  "600/c=1",  "1200/a=2", "1200/b=2",
                                                 "1200/c=2", "1800/a=3", "1800/b=3", "1800/c=3"};
  const std::vector<std::string> newest_first = {"1800/a=3", "1800/b=3", "1800/c=3", "1200/a=2",
                                                 "1200/b=2", "1200/c=2", "600/a=1",  "600/b=1",
                                                 "600/c=1",  "0/a=0",    "0/b=0",    "0/c=0"};
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  for (const int page_size : {0, 1, 2, 3, 4, 5, 12, 100'000}) {
    request.set_page_size(page_size);
    request.set_newest_first(false);
    EXPECT_EQ(AllRows(request), oldest_first) << page_size;
    request.set_newest_first(true);
    EXPECT_EQ(AllRows(request), newest_first) << page_size;
  }
  int pages = 0;
  request.set_page_size(4);
  AllRows(request, &pages);
  EXPECT_EQ(pages, 3) << "no empty page at the end";

  request.mutable_start_time()->set_nanos(600'000);
  request.mutable_end_time()->set_nanos(1'800'000);
  EXPECT_THAT(AllRows(request),
              ElementsAre("1200/a=2", "1200/b=2", "1200/c=2", "600/a=1", "600/b=1", "600/c=1"));
  request.set_newest_first(false);
  request.set_page_size(5);
  EXPECT_THAT(AllRows(request),
              ElementsAre("600/a=1", "600/b=1", "600/c=1", "1200/a=2", "1200/b=2", "1200/c=2"));
  request.mutable_end_time()->set_nanos(0);
  EXPECT_THAT(AllRows(request), IsEmpty());
}

TEST_F(QueryServiceTest, ListsTheRowsOfAFilter) {
  for (int window = 0; window < 4; ++window) {
    for (const char* group : {"c", "a", "b"}) topic_.Row(window % 2, window * 600, group, window);
  }
  Apply(topic_.CloseThrough(0, 600).CloseThrough(1, 600));
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  for (const int page_size : {0, 1, 2}) {
    request.set_page_size(page_size);
    request.set_newest_first(false);
    request.set_filter("type = b");
    EXPECT_THAT(AllRows(request), ElementsAre("0/b=0", "600/b=1", "1200/b=2", "1800/b=3"));
    request.set_filter("type = b AND count >= 2 OR final = true");
    EXPECT_THAT(AllRows(request), ElementsAre("0/b=0", "1200/b=2", "1800/b=3"));
    request.set_newest_first(true);
    EXPECT_THAT(AllRows(request), ElementsAre("1800/b=3", "1200/b=2", "0/b=0"));
    request.set_filter("count > 100");
    EXPECT_THAT(AllRows(request), IsEmpty());
  }
}

TEST_F(QueryServiceTest, ListsTheTopOfTheRows) {
  int count = 0;
  for (int window = 0; window < 4; ++window) {
    for (const char* group : {"c", "a", "b"}) {
      topic_.Row(window % 2, window * 600, group, ++count % 5);
    }
  }
  Apply(topic_);
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  request.set_order_by("count desc, type");
  const std::vector<std::string> all = AllRows(request);
  ASSERT_THAT(all, SizeIs(12));
  const auto value = [](const std::string& row) { return row.substr(row.find('/') + 1); };
  for (size_t i = 1; i < all.size(); ++i) {
    const std::string& before = all[i - 1];
    EXPECT_TRUE(before.back() > all[i].back() ||
                (before.back() == all[i].back() && value(before) <= value(all[i])))
        << before << " before " << all[i];
  }
  for (const int page_size : {1, 2, 5, 12, 13}) {
    request.set_page_size(page_size);
    EXPECT_EQ(AllRows(request), all) << page_size;
  }
  request.set_filter("type != c");
  request.mutable_start_time()->set_nanos(600'000);
  request.mutable_end_time()->set_nanos(1'200'000);
  EXPECT_THAT(AllRows(request), ElementsAre("600/b=1", "600/a=0"));
}

TEST_F(QueryServiceTest, ReturnsOneWindow) {
  Apply(topic_.Row(0, 0, "a", 2).Row(1, 0, "b", 3).Row(0, 60'000'000, "a", 1));
  v1::GetWindowRequest request;
  v1::GetWindowResponse response;
  request.set_name(absl::StrCat(kParent, "/windows/1970-01-01T00:00:00Z"));
  ASSERT_TRUE(Call(request, &response).ok());
  EXPECT_EQ(response.window().name(), request.name());
  EXPECT_EQ(response.window().accepted(), 5);
  request.set_name(absl::StrCat(kParent, "/windows/1970-01-01T00:00:30Z"));
  EXPECT_EQ(Reason(Call(request, &response)), "5 WINDOW_NOT_FOUND");
  request.set_name(absl::StrCat(kParent, "/windows/today"));
  EXPECT_EQ(Field(Call(request, &response)), "name");
  request.set_name(kParent);
  EXPECT_EQ(Field(Call(request, &response)), "name");
  request.set_name("pipelines/p/views/unknown/windows/1970-01-01T00:00:00Z");
  EXPECT_EQ(Reason(Call(request, &response)), "5 VIEW_NOT_FOUND");
}

TEST_F(QueryServiceTest, PagesStayBelowTheLimitOfAMessage) {
  for (int i = 0; i < 20; ++i) topic_.Row(0, i * 600, std::string(400'000, 'x'), 1);
  Apply(topic_);
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  int pages = 0;
  EXPECT_THAT(AllRows(request, &pages), SizeIs(20));
  EXPECT_GE(pages, 3);
}

TEST_F(QueryServiceTest, ListsWindowsInBothOrders) {
  Apply(topic_.Row(0, 0, "a", 2).Row(1, 0, "b", 3).Row(0, 600, "a", 1).Late(0, 0, 4));
  Apply(topic_.Row(0, 1200, "a", 1).CloseThrough(0, 1200).CloseThrough(1, 600));
  v1::ListWindowsRequest request;
  request.set_parent(kParent);
  request.set_page_size(2);
  v1::ListWindowsResponse first;
  ASSERT_TRUE(Call(request, &first).ok());
  ASSERT_THAT(first.windows(), SizeIs(2));
  EXPECT_EQ(first.windows(0).name(), std::string(kParent) + "/windows/1970-01-01T00:00:00Z");
  EXPECT_EQ(first.windows(0).rows(), 2);
  EXPECT_EQ(first.windows(0).accepted(), 5);
  EXPECT_EQ(first.windows(0).late(), 4);
  EXPECT_TRUE(first.windows(0).final());
  EXPECT_EQ(first.windows(1).start_time().nanos(), 600'000);
  EXPECT_FALSE(first.windows(1).final()) << "closed in one partition of two";
  request.set_page_token(first.next_page_token());
  v1::ListWindowsResponse second;
  ASSERT_TRUE(Call(request, &second).ok());
  ASSERT_THAT(second.windows(), SizeIs(1));
  EXPECT_EQ(second.windows(0).start_time().nanos(), 1'200'000);
  EXPECT_THAT(second.next_page_token(), IsEmpty());

  request.clear_page_token();
  request.set_newest_first(true);
  std::vector<int> starts;
  for (int page = 0; page < 5; ++page) {
    v1::ListWindowsResponse response;
    ASSERT_TRUE(Call(request, &response).ok());
    for (const v1::Window& window : response.windows()) {
      starts.push_back(window.start_time().nanos() / 1000);
    }
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  EXPECT_THAT(starts, ElementsAre(1200, 600, 0));
}

TEST_F(QueryServiceTest, NamesWhatIsWrongWithAList) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 600, "a", 1));
  v1::ListResultsResponse response;
  v1::ListResultsRequest request;
  EXPECT_EQ(Reason(Call(request, &response)), "3 INVALID_FIELD");
  EXPECT_EQ(Field(Call(request, &response)), "parent");
  request.set_parent("pipelines/p/views/unknown");
  EXPECT_EQ(Reason(Call(request, &response)), "5 VIEW_NOT_FOUND");
  request.set_parent("pipelines/unknown/views/by-type");
  EXPECT_EQ(Reason(Call(request, &response)), "5 VIEW_NOT_FOUND");
  request.set_parent(kParent);
  request.set_page_size(-1);
  EXPECT_EQ(Field(Call(request, &response)), "page_size");
  request.set_page_size(1);
  request.mutable_start_time()->set_nanos(-1);
  EXPECT_EQ(Field(Call(request, &response)), "start_time");
  request.clear_start_time();
  request.set_page_token("nonsense");
  EXPECT_EQ(Reason(Call(request, &response)), "3 BAD_PAGE_TOKEN");
  request.clear_page_token();
  request.set_filter("count >");
  EXPECT_EQ(Field(Call(request, &response)), "filter");
  request.set_filter("cuont > 1");
  EXPECT_EQ(Field(Call(request, &response)), "filter");
  request.clear_filter();
  request.set_order_by("count down");
  EXPECT_EQ(Field(Call(request, &response)), "order_by");
  request.set_order_by("cuont");
  EXPECT_EQ(Field(Call(request, &response)), "order_by");
  request.clear_order_by();
  ASSERT_TRUE(Call(request, &response).ok());
  request.set_page_token(response.next_page_token());
  request.set_filter("count > 0");
  EXPECT_EQ(Reason(Call(request, &response)), "3 BAD_PAGE_TOKEN") << "of another filter";
  request.clear_filter();
  request.set_newest_first(true);
  EXPECT_EQ(Reason(Call(request, &response)), "3 BAD_PAGE_TOKEN") << "of another list";
  request.set_newest_first(false);
  request.set_page_size(10);
  EXPECT_TRUE(Call(request, &response).ok()) << "the size of a page may change";

  v1::ListViewsResponse views;
  v1::ListViewsRequest list_views;
  list_views.set_parent("pipelines/unknown");
  EXPECT_EQ(Reason(Call(list_views, &views)), "5 PIPELINE_NOT_FOUND");
  list_views.set_parent("unknown");
  EXPECT_EQ(Field(Call(list_views, &views)), "parent");
}

TEST_F(QueryServiceTest, ListsSeriesAndTotalsOnceItKnowsWhatIsComputed) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 2).Row(0, 600, "a", 5).CloseThrough(0, 0));
  v1::ListSeriesRequest series;
  v1::ListTotalsRequest totals;
  series.set_parent(kParent);
  totals.set_parent(kParent);
  v1::ListSeriesResponse found;
  v1::ListTotalsResponse sums;
  EXPECT_EQ(Reason(Call(series, &found)), "14 DEFINITION_UNKNOWN");
  EXPECT_EQ(Reason(Call(totals, &sums)), "14 DEFINITION_UNKNOWN");
  auto definition = std::make_shared<PipelineDefinition>();
  definition->views["by-type"].aggregates = {{"count", TotalRule::kSum},
                                             {"mean", TotalRule::kNone}};
  store_->SetDefinition(definition);

  series.set_page_size(1);
  ASSERT_TRUE(Call(series, &found).ok());
  ASSERT_THAT(found.series(), SizeIs(1));
  EXPECT_EQ(found.series(0).group(0).string_value(), "a");
  EXPECT_THAT(found.series(0).points(), SizeIs(2));
  EXPECT_EQ(found.series(0).totals(0).int_value(), 6);
  series.set_page_token(found.next_page_token());
  series.set_page_size(7);
  ASSERT_TRUE(Call(series, &found).ok());
  ASSERT_THAT(found.series(), SizeIs(1));
  EXPECT_EQ(found.series(0).group(0).string_value(), "b");
  EXPECT_EQ(found.next_page_token(), "");
  series.set_filter("type = \"a\"");
  EXPECT_EQ(Reason(Call(series, &found)), "3 BAD_PAGE_TOKEN") << "of another filter";
  series.clear_page_token();
  series.set_order_by("mean");
  EXPECT_EQ(Field(Call(series, &found)), "order_by");

  totals.set_page_size(1);
  totals.set_newest_first(true);
  ASSERT_TRUE(Call(totals, &sums).ok());
  ASSERT_THAT(sums.totals(), SizeIs(1));
  EXPECT_EQ(sums.totals(0).values(0).int_value(), 5);
  totals.set_page_token(sums.next_page_token());
  ASSERT_TRUE(Call(totals, &sums).ok());
  ASSERT_THAT(sums.totals(), SizeIs(1));
  EXPECT_EQ(sums.totals(0).rows(), 2);
  EXPECT_EQ(sums.totals(0).accepted(), 3);
  EXPECT_EQ(sums.next_page_token(), "");
  totals.clear_page_token();
  totals.set_filter("nonsense > 1");
  EXPECT_EQ(Field(Call(totals, &sums)), "filter");
}

TEST_F(QueryServiceTest, WindowsTellTheirRevisionAndTheWatermark) {
  Apply(topic_.Row(0, 0, "a", 1).CorrectedRow(0, 0, "b", 1, 3));
  v1::GetWindowRequest request;
  request.set_name(absl::StrCat(kParent, "/windows/1970-01-01T00:00:00Z"));
  v1::GetWindowResponse response;
  ASSERT_TRUE(Call(request, &response).ok());
  EXPECT_EQ(response.window().revision(), 3);
  EXPECT_FALSE(response.window().has_closed_through_time());
  Apply(topic_.CloseThrough(0, 2'000'000).CloseThrough(1, 3'000'000));
  ASSERT_TRUE(Call(request, &response).ok());
  EXPECT_EQ(response.window().closed_through_time().seconds(), 2);
}

TEST_F(QueryServiceTest, StatusTellsHowFarItIs) {
  Apply(topic_.Row(0, 0, "a", 1).Late(1, 0, 4).CloseThrough(0, 9'000'000, 3));
  Apply(topic_.CloseThrough(1, 8'000'000, 2));
  ReadingState reading;
  reading.topic_exists = true;
  reading.caught_up = true;
  reading.lag_records = 12;
  ASSERT_TRUE(store_->Report(reading).ok());
  const v1::GetStatusResponse status = Status();
  EXPECT_TRUE(status.caught_up());
  service_->SetAllServed(false);
  EXPECT_FALSE(Status().caught_up());
  service_->SetAllServed(true);
  ASSERT_THAT(status.pipelines(), SizeIs(1));
  const v1::PipelineStatus& pipeline = status.pipelines(0);
  EXPECT_EQ(pipeline.pipeline(), "pipelines/p");
  EXPECT_EQ(pipeline.closed_through_time().seconds(), 8);
  EXPECT_EQ(pipeline.drain_generation(), 2);
  EXPECT_EQ(pipeline.rows(), 1);
  EXPECT_EQ(pipeline.lag_records(), 12);
  EXPECT_EQ(pipeline.records_read(), 20);
  EXPECT_EQ(pipeline.late().at("by-type"), 4);
}

TEST_F(QueryServiceTest, NothingIsUnknownBeforeThePipelinesAreKnown) {
  service_->SetAllServed(false);
  v1::ListResultsRequest list;
  v1::ListResultsResponse results;
  list.set_parent("pipelines/other/views/by-type");
  EXPECT_EQ(Reason(Call(list, &results)), "14 CATCHING_UP");
  EXPECT_EQ(Reason(Refusal(SubscribeTo(list.parent()))), "14 CATCHING_UP");
  v1::ListViewsRequest list_views;
  v1::ListViewsResponse views;
  list_views.set_parent("pipelines/other");
  EXPECT_EQ(Reason(Call(list_views, &views)), "14 CATCHING_UP");
  service_->SetAllServed(true);
  EXPECT_EQ(Reason(Call(list, &results)), "5 VIEW_NOT_FOUND");
}

TEST_F(QueryServiceTest, StoreThatIsReadBackAnswersLater) {
  Apply(topic_.Row(0, 0, "a", 1));
  ASSERT_TRUE(store_->Rebuild(RebuildReason::kStoreBroken, "test").ok());
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  v1::ListResultsResponse response;
  EXPECT_EQ(Reason(Call(request, &response)), "14 CATCHING_UP");
  ASSERT_TRUE(store_->Open(2).ok());
  SampleTopic again(2);
  Apply(again.Row(0, 0, "a", 1));
  EXPECT_EQ(Reason(Call(request, &response)), "14 CATCHING_UP");
  EXPECT_EQ(Reason(Refusal(SubscribeTo(kParent))), "14 CATCHING_UP");
  EXPECT_FALSE(Status().caught_up());
  ASSERT_TRUE(store_->MarkComplete().ok());
  EXPECT_TRUE(Call(request, &response).ok());
}

TEST_F(QueryServiceTest, TellsHowMuchHasBeenReadBack) {
  EXPECT_EQ(Status().state(), v1::GetStatusResponse::STATE_SERVING);
  EXPECT_EQ(Status().detail(), "");
  ASSERT_TRUE(store_->Rebuild(RebuildReason::kStoreBroken, "test").ok());
  ASSERT_TRUE(store_->Open(2).ok());
  ReadingState reading;
  reading.known = reading.topic_exists = true;
  reading.applied_records = 30;
  reading.total_records = 100;
  ASSERT_TRUE(store_->Report(reading).ok());
  v1::ListResultsRequest request;
  request.set_parent(kParent);
  v1::ListResultsResponse response;
  google::rpc::Status details;
  details.ParseFromString(Call(request, &response).error_details());
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details_size() > 0 && details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "CATCHING_UP");
  EXPECT_EQ(info.metadata().at("applied"), "30");
  EXPECT_EQ(info.metadata().at("total"), "100");
  EXPECT_EQ(Status().state(), v1::GetStatusResponse::STATE_CATCHING_UP);
  EXPECT_EQ(Status().detail(), "p: 30 of 100 records");
  ASSERT_TRUE(store_->MarkComplete().ok());
  EXPECT_EQ(Status().state(), v1::GetStatusResponse::STATE_SERVING);
  service_->SetAllServed(false, absl::ResourceExhaustedError("no room"));
  EXPECT_EQ(Status().state(), v1::GetStatusResponse::STATE_DISK_FULL);
  EXPECT_EQ(Status().detail(), "no room");
}

TEST_F(QueryServiceTest, TokensThatMissedExpiredRowsAreRefused) {
  ResultStore::Options options;
  options.retention = absl::Microseconds(1000);
  auto store = ResultStore::Create("p", TestDirectory(), 1, options);
  ASSERT_TRUE(store.ok()) << store.status();
  store_ = *std::move(store);
  ASSERT_TRUE(store_->Open(2).ok());
  ASSERT_TRUE(store_->MarkComplete().ok());
  service_->Serve(store_);
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 0).CloseThrough(1, 0));
  v1::ListResultsRequest list;
  list.set_parent(kParent);
  v1::ListResultsResponse early;
  ASSERT_TRUE(Call(list, &early).ok());
  Apply(topic_.Row(0, 0, "b", 2).Row(0, 5000, "c", 3).CloseThrough(0, 5000).CloseThrough(1, 5000));
  v1::ListResultsResponse late;
  ASSERT_TRUE(Call(list, &late).ok());
  EXPECT_THAT(Rows(late.results()), ElementsAre("5000/c=3"));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store_->Report(ReadingState()).ok());

  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_resume_token(early.resume_token());
  EXPECT_EQ(Reason(Refusal(request)), "11 TOKEN_EXPIRED");
  request.set_resume_token(late.resume_token());
  Feed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_TRUE(feed.Next().has_caught_up());
  Feed all(stub_.get(), [] {
    v1::SubscribeRequest from_beginning = SubscribeTo(kParent);
    from_beginning.set_from_beginning(true);
    return from_beginning;
  }());
  EXPECT_TRUE(all.Next().has_confirmation());
  EXPECT_THAT(Rows(all.Next().changes().results()), ElementsAre("5000/c=3"));
}

TEST_F(QueryServiceTest, FeedGoesOnFromAList) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 1));
  v1::ListResultsRequest list;
  list.set_parent(kParent);
  v1::ListResultsResponse listed;
  ASSERT_TRUE(Call(list, &listed).ok());
  Apply(topic_.Row(0, 0, "a", 2));

  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_resume_token(listed.resume_token());
  Feed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("0/a=2"));
  EXPECT_TRUE(feed.Next().has_caught_up());
  Apply(topic_.Row(1, 0, "b", 7));
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("0/b=7"));
}

TEST_F(QueryServiceTest, FeedOfFinalRowsGoesOnFromAList) {
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 600).Row(0, 600, "b", 1));
  v1::ListResultsRequest list;
  list.set_parent(kParent);
  v1::ListResultsResponse listed;
  ASSERT_TRUE(Call(list, &listed).ok());
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_resume_token(listed.resume_token());
  request.set_final_only(true);
  Feed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_TRUE(feed.Next().has_caught_up());
  Apply(topic_.CloseThrough(0, 1200));
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("600/b=1"));
}

TEST_F(QueryServiceTest, QuietFeedSendsHeartbeats) {
  Apply(topic_.Row(0, 0, "a", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.mutable_heartbeat_interval()->set_nanos(100'000'000);
  Feed feed(stub_.get(), request);
  EXPECT_TRUE(feed.NextOfAnyKind().has_confirmation());
  EXPECT_TRUE(feed.NextOfAnyKind().has_caught_up());
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(feed.NextOfAnyKind().has_heartbeat());
  EXPECT_TRUE(feed.NextOfAnyKind().has_heartbeat());
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(100));
}

TEST_F(QueryServiceTest, RefusesWhatCannotBeSubscribed) {
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 0));
  EXPECT_EQ(Field(Refusal(SubscribeTo("by-type"))), "parent");
  EXPECT_EQ(Reason(Refusal(SubscribeTo("pipelines/p/views/unknown"))), "5 VIEW_NOT_FOUND");
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.mutable_heartbeat_interval()->set_nanos(99'000'000);
  EXPECT_EQ(Field(Refusal(request)), "heartbeat_interval");
  request.mutable_heartbeat_interval()->set_seconds(61);
  EXPECT_EQ(Field(Refusal(request)), "heartbeat_interval");
  request.clear_heartbeat_interval();
  request.set_resume_token("nonsense");
  EXPECT_EQ(Reason(Refusal(request)), "3 BAD_RESUME_TOKEN");

  ResumeToken token;
  token.incarnation = store_->view()->incarnation();
  token.parent = kParent;
  token.kind = FeedKind::kAllRows;
  token.filter_hash = HashOf(FeedSelection());
  token.positions.resize(2);
  request.set_resume_token(EncodeResumeToken(token));
  request.set_final_only(true);
  EXPECT_EQ(Reason(Refusal(request)), "3 TOKEN_OF_OTHER_FILTER");
  request.set_final_only(false);
  request.set_parent("pipelines/p/views/by-disposition");
  EXPECT_EQ(Reason(Refusal(request)), "3 TOKEN_OF_OTHER_FILTER");
  request.set_parent(kParent);
  token.incarnation = "another";
  request.set_resume_token(EncodeResumeToken(token));
  EXPECT_EQ(Reason(Refusal(request)), "9 TOKEN_OF_OTHER_INCARNATION");
}

google::protobuf::Timestamp Seconds(int64_t seconds) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  return time;
}

TEST_F(QueryServiceTest, RefusesAFeedThatCannotBeFiltered) {
  Apply(topic_.Row(0, 0, "a", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  for (const char* const filter :
       {"type =", "count > 1", "accepted = 1", "final = true", "x = 1"}) {
    request.set_filter(filter);
    const grpc::Status status = Refusal(request);
    EXPECT_EQ(Field(status), "filter") << filter;
    EXPECT_EQ(Reason(status), "3 INVALID_FIELD") << filter;
  }
  request.clear_filter();
  *request.mutable_window_start_time() = Seconds(5);
  *request.mutable_window_end_time() = Seconds(5);
  EXPECT_EQ(Field(Refusal(request)), "window_end_time");
  request.mutable_window_end_time()->set_nanos(-1);
  EXPECT_EQ(Field(Refusal(request)), "window_end_time");
  request.clear_window_end_time();
  request.mutable_window_start_time()->set_seconds(int64_t{1} << 60);
  EXPECT_EQ(Field(Refusal(request)), "window_start_time");
  request.clear_window_start_time();
  request.mutable_end_time()->set_nanos(-1);
  EXPECT_EQ(Field(Refusal(request)), "end_time");
  request.clear_end_time();
  request.mutable_start_time()->set_nanos(-1);
  EXPECT_EQ(Field(Refusal(request)), "start_time");
}

TEST_F(QueryServiceTest, TokenIsOfOneFilterAndRangeOnly) {
  Apply(topic_.Row(0, 0, "a", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_filter("type = a");
  *request.mutable_window_end_time() = Seconds(9);
  {
    Feed feed(stub_.get(), request);
    request.set_resume_token(feed.Next().resume_token());
  }
  v1::SubscribeRequest other = request;
  other.set_filter("type = b");
  EXPECT_EQ(Reason(Refusal(other)), "3 TOKEN_OF_OTHER_FILTER");
  EXPECT_EQ(Field(Refusal(other)), "resume_token");
  other = request;
  other.mutable_window_end_time()->set_seconds(10);
  EXPECT_EQ(Reason(Refusal(other)), "3 TOKEN_OF_OTHER_FILTER");
  other = request;
  *other.mutable_window_start_time() = Seconds(0);
  EXPECT_EQ(Reason(Refusal(other)), "3 TOKEN_OF_OTHER_FILTER");
  other = request;
  other.set_final_only(true);
  EXPECT_EQ(Reason(Refusal(other)), "3 TOKEN_OF_OTHER_FILTER");
  // The end and the heartbeat may change.
  *request.mutable_end_time() = Seconds(100);
  request.mutable_heartbeat_interval()->set_seconds(1);
  Feed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
}

TEST_F(QueryServiceTest, ListThenFeedOfAFilterMissesNothingAndRepeatsNothing) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 1).Row(1, 600, "a", 1));
  v1::ListResultsRequest list;
  list.set_parent(kParent);
  list.set_filter("type = a");
  v1::ListResultsResponse listed;
  ASSERT_TRUE(Call(list, &listed).ok());
  EXPECT_THAT(Rows(listed.results()), ElementsAre("0/a=1", "600/a=1"));
  Apply(topic_.Row(1, 0, "b", 2).Row(1, 600, "a", 2).Row(0, 1200, "a", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_filter("type = a");
  request.set_resume_token(listed.resume_token());
  Feed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("1200/a=1", "600/a=2"));
  EXPECT_TRUE(feed.Next().has_caught_up());
}

TEST_F(QueryServiceTest, FeedBeginsAtATimeAndEndsAtOne) {
  Apply(topic_.CommitAt(10'000).Row(0, 0, "a", 1).CommitAt(20'000).Row(1, 0, "b", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  *request.mutable_start_time() = Seconds(15);
  *request.mutable_end_time() = Seconds(1);
  Feed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  const v1::SubscribeResponse changes = feed.Next();
  EXPECT_THAT(Rows(changes.changes().results()), ElementsAre("0/b=1"));
  EXPECT_EQ(changes.changes().results(0).commit_time().seconds(), 20);
  EXPECT_TRUE(changes.changes().has_send_time());
  EXPECT_TRUE(feed.Next().has_caught_up());
  Apply(topic_.CloseThrough(0, 1'000'000).CloseThrough(1, 1'000'000));
  EXPECT_EQ(feed.Next().close().reason(), "END_REACHED");
  EXPECT_TRUE(feed.Finish().ok());
}

TEST_F(QueryServiceTest, WhatWasPurgedCannotBeSubscribed) {
  Apply(topic_.Row(1, 0, "b", 1).CloseThrough(0, 0));
  v1::ListResultsRequest list;
  list.set_parent(kParent);
  v1::ListResultsResponse listed;
  ASSERT_TRUE(Call(list, &listed).ok());
  // This replica lost its store, and read the topic again when its beginning was gone.
  ASSERT_TRUE(store_->Rebuild(RebuildReason::kStoreBroken, "test").ok());
  ASSERT_TRUE(store_->Open(2).ok());
  SampleTopic again(2);
  Apply(again.Purged(0, 50).CommitAt(10'000).Row(0, 0, "a", 1));
  ASSERT_TRUE(store_->MarkComplete().ok());
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_resume_token(listed.resume_token());
  EXPECT_EQ(Reason(Refusal(request)), "11 TOKEN_EXPIRED");
  *request.mutable_start_time() = Seconds(9);
  EXPECT_EQ(Reason(Refusal(request)), "11 START_EXPIRED");
  request.set_from_beginning(true);
  Feed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("0/a=1"));
}

TEST_F(QueryServiceTest, TakesSoManySubscribersAndNoMore) {
  Apply(topic_.Row(0, 0, "a", 1));
  std::vector<std::unique_ptr<Feed>> feeds;
  for (int i = 0; i < 3; ++i) {
    feeds.push_back(std::make_unique<Feed>(stub_.get(), SubscribeTo(kParent)));
    EXPECT_TRUE(feeds.back()->Next().has_confirmation());
  }
  EXPECT_EQ(Reason(Refusal(SubscribeTo(kParent))), "8 TOO_MANY_SUBSCRIBERS");
  EXPECT_EQ(Status().subscribers(), 3);
  feeds.pop_back();
  // The place is free once the server has noticed.
  const absl::Time deadline = absl::Now() + absl::Seconds(20);
  bool taken = false;
  while (!taken && absl::Now() < deadline) {
    grpc::ClientContext context;
    SetDeadline(&context);
    const auto stream = stub_->Subscribe(&context, SubscribeTo(kParent));
    v1::SubscribeResponse message;
    taken = stream->Read(&message);
    context.TryCancel();
    stream->Finish();
  }
  EXPECT_TRUE(taken);
}

TEST_F(QueryServiceTest, DrainEndsFeedsWithATokenThatGoesOn) {
  Apply(topic_.Row(0, 0, "a", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_from_beginning(true);
  std::string token;
  {
    Feed feed(stub_.get(), request);
    EXPECT_TRUE(feed.Next().has_confirmation());
    EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("0/a=1"));
    EXPECT_TRUE(feed.Next().has_caught_up());
    service_->Drain();
    const v1::SubscribeResponse close = feed.Next();
    EXPECT_EQ(close.close().reason(), "DRAINING");
    token = close.resume_token();
    EXPECT_EQ(Reason(feed.Finish()), "14 DRAINING");
    EXPECT_EQ(Reason(Refusal(request)), "14 DRAINING");
  }
  TearDown();
  Serve();
  Apply(topic_.Row(0, 0, "b", 2));
  request.set_resume_token(token);
  Feed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("0/b=2"));
}

TEST_F(QueryServiceTest, FeedEndsWhenTheTopicIsReplaced) {
  Apply(topic_.Row(0, 0, "a", 1));
  Feed feed(stub_.get(), SubscribeTo(kParent));
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_TRUE(feed.Next().has_caught_up());
  ASSERT_TRUE(store_->Rebuild(RebuildReason::kTopicChanged, "test").ok());
  ASSERT_TRUE(store_->Open(2).ok());
  EXPECT_EQ(Reason(feed.Finish()), "10 RESULTS_REPLACED");
}

TEST_F(QueryServiceTest, AnotherStoreTakesItsPlace) {
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 0));
  v1::ListResultsRequest list;
  list.set_parent(kParent);
  v1::ListResultsResponse listed;
  ASSERT_TRUE(Call(list, &listed).ok());
  Feed feed(stub_.get(), SubscribeTo(kParent));
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_TRUE(feed.Next().has_caught_up());

  // Of the same number of partitions: what differs is the incarnation.
  absl::StatusOr<std::unique_ptr<ResultStore>> created =
      ResultStore::Create("p", TestDirectory(), 2);
  ASSERT_TRUE(created.ok()) << created.status();
  std::shared_ptr<ResultStore> second = *std::move(created);
  ASSERT_TRUE(second->Open(2).ok());
  SampleTopic other(2);
  ASSERT_TRUE(second->Apply(other.Row(0, 600, "b", 2).CloseThrough(0, 0).Take()).ok());
  ASSERT_TRUE(second->MarkComplete().ok());
  service_->Serve(second);
  EXPECT_TRUE(store_->discarded());
  EXPECT_EQ(Reason(feed.Finish()), "10 RESULTS_REPLACED");
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_resume_token(listed.resume_token());
  EXPECT_EQ(Reason(Refusal(request)), "9 TOKEN_OF_OTHER_INCARNATION");
  EXPECT_THAT(AllRows(list), ElementsAre("600/b=2"));

  Feed last(stub_.get(), SubscribeTo(kParent));
  EXPECT_TRUE(last.Next().has_confirmation());
  EXPECT_TRUE(last.Next().has_caught_up());
  service_->Withdraw("p");
  EXPECT_EQ(Reason(last.Finish()), "10 RESULTS_REPLACED");
  EXPECT_EQ(Reason(Refusal(SubscribeTo(kParent))), "5 VIEW_NOT_FOUND");
  EXPECT_EQ(Status().pipelines_size(), 0);
  service_->Withdraw("p");
}

TEST_F(QueryServiceTest, APipelineWithoutResultsDoesNotHideTheOthers) {
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 0));
  absl::StatusOr<std::unique_ptr<ResultStore>> created = ResultStore::Create("q", TestDirectory());
  ASSERT_TRUE(created.ok()) << created.status();
  std::shared_ptr<ResultStore> waiting = *std::move(created);
  service_->Serve(waiting);
  v1::ListViewsRequest request;
  v1::ListViewsResponse response;
  // Not known yet: there may be views.
  EXPECT_EQ(Call(request, &response).error_code(), grpc::StatusCode::UNAVAILABLE);
  ReadingState reading;
  reading.known = true;
  ASSERT_TRUE(waiting->Report(reading).ok());
  ASSERT_TRUE(Call(request, &response).ok());
  EXPECT_GT(response.views_size(), 0);
  request.set_parent("pipelines/q");
  EXPECT_EQ(Call(request, &response).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(QueryServiceTest, ClientThatDoesNotReadMissesNothingInTheEnd) {
  Apply(topic_.Row(0, 0, "a", 0));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_from_beginning(true);
  Feed feed(stub_.get(), request);
  // Megabytes of changes, again and again, while the client does not read.
  for (int round = 1; round <= 30; ++round) {
    for (int i = 0; i < 20; ++i) topic_.Row(i % 2, i * 600, std::string(50'000, 'x'), round);
    Apply(topic_);
  }
  std::map<std::string, int64_t> newest;
  while (newest.size() < 21 || newest["19"] < 30) {
    const v1::SubscribeResponse message = feed.Next();
    ASSERT_NE(message.event_case(), v1::SubscribeResponse::EVENT_NOT_SET);
    for (const v1::Result& row : message.changes().results()) {
      const std::string key = row.group(0).string_value() == "a"
                                  ? "a"
                                  : absl::StrCat(row.window_start_time().nanos() / 600'000);
      EXPECT_TRUE(newest.count(key) == 0 || newest[key] < row.accepted());
      newest[key] = row.accepted();
    }
  }
}

// A client whose window of flow control is small, and that does not read.
class StalledFeedTest : public QueryServiceTest {
 protected:
  void SetUp() override {
    patience_ = absl::Seconds(3);
    QueryServiceTest::SetUp();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    stub_ = v1::QueryService::NewStub(grpc::CreateCustomChannel(
        absl::StrCat("127.0.0.1:", port_), grpc::InsecureChannelCredentials(), arguments));
    request_ = SubscribeTo(kParent);
    request_.mutable_heartbeat_interval()->set_nanos(100'000'000);
  }

  void ChangeMuch(int round) {
    for (int i = 0; i < 40; ++i) topic_.Row(i % 2, i * 600, std::string(10'000, 'x'), round);
    Apply(topic_);
  }

  void AwaitSubscribers(int wanted) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (Status().subscribers() != wanted && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    EXPECT_EQ(Status().subscribers(), wanted);
  }

  v1::SubscribeRequest request_;
};

TEST_F(StalledFeedTest, IsToldWithItsTokenAndGoesOn) {
  Apply(topic_.Row(0, 0, "a", 0));
  Feed stalled(stub_.get(), request_);
  EXPECT_TRUE(stalled.Next().has_confirmation());
  Feed other(stub_.get(), request_);
  EXPECT_TRUE(other.Next().has_confirmation());
  // Until the server has given it up; another reader gets all of it meanwhile.
  std::map<int64_t, int64_t> newest;
  const absl::Time begin = absl::Now();
  int round = 0;
  while (absl::Now() < begin + absl::Seconds(4)) {
    ChangeMuch(++round);
    while (newest.size() < 40 || newest.begin()->second < round) {
      const v1::SubscribeResponse message = other.Next();
      for (const v1::Result& row : message.changes().results()) {
        newest[row.window_start_time().nanos()] = row.accepted();
      }
      ASSERT_FALSE(HasFailure());
    }
  }
  // What it was sent before is still there for it, then the error.
  v1::SubscribeResponse message;
  std::string token;
  while (stalled.Read(&message)) token = message.resume_token();
  const grpc::Status status = stalled.Finish();
  EXPECT_EQ(Reason(status), "8 TOO_SLOW");
  EXPECT_EQ(Metadata(status, "resume_token"), token);
  request_.set_resume_token(token);
  Feed next(stub_.get(), request_);
  EXPECT_TRUE(next.Next().has_confirmation());
  EXPECT_EQ(next.Next().changes().results(0).accepted(), round);
}

TEST_F(StalledFeedTest, IsCutOffWhenItNeverReads) {
  Apply(topic_.Row(0, 0, "a", 0));
  Feed stalled(stub_.get(), request_);
  EXPECT_TRUE(stalled.Next().has_confirmation());
  for (int round = 1; round <= 20; ++round) ChangeMuch(round);
  AwaitSubscribers(0);
}

}  // namespace
}  // namespace windrow::query
