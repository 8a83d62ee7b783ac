#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/sink/query_service_fixture.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

using ServedStoresTest = QueryServiceTest;

TEST_F(ServedStoresTest, StatusTellsHowFarItIs) {
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

TEST_F(ServedStoresTest, NothingIsUnknownBeforeThePipelinesAreKnown) {
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

TEST_F(ServedStoresTest, StoreThatIsReadBackAnswersLater) {
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

TEST_F(ServedStoresTest, TellsHowMuchHasBeenReadBack) {
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
  const grpc::Status refused = Call(request, &response);
  EXPECT_EQ(Reason(refused), "14 CATCHING_UP");
  EXPECT_EQ(Metadata(refused, "applied"), "30");
  EXPECT_EQ(Metadata(refused, "total"), "100");
  EXPECT_EQ(Status().state(), v1::GetStatusResponse::STATE_CATCHING_UP);
  EXPECT_EQ(Status().detail(), "p: 30 of 100 records");
  ASSERT_TRUE(store_->MarkComplete().ok());
  EXPECT_EQ(Status().state(), v1::GetStatusResponse::STATE_SERVING);
  service_->SetAllServed(false, absl::ResourceExhaustedError("no room"));
  EXPECT_EQ(Status().state(), v1::GetStatusResponse::STATE_DISK_FULL);
  EXPECT_EQ(Status().detail(), "no room");
}

TEST_F(ServedStoresTest, AnotherStoreTakesItsPlace) {
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 0));
  v1::ListResultsRequest list;
  list.set_parent(kParent);
  v1::ListResultsResponse listed;
  ASSERT_TRUE(Call(list, &listed).ok());
  ClientFeed feed(stub_.get(), SubscribeTo(kParent));
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

  ClientFeed last(stub_.get(), SubscribeTo(kParent));
  EXPECT_TRUE(last.Next().has_confirmation());
  EXPECT_TRUE(last.Next().has_caught_up());
  service_->Withdraw("p");
  EXPECT_EQ(Reason(last.Finish()), "10 RESULTS_REPLACED");
  EXPECT_EQ(Reason(Refusal(SubscribeTo(kParent))), "5 VIEW_NOT_FOUND");
  EXPECT_EQ(Status().pipelines_size(), 0);
  service_->Withdraw("p");
}

TEST_F(ServedStoresTest, APipelineWithoutResultsDoesNotHideTheOthers) {
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

}  // namespace
}  // namespace windrow::query
