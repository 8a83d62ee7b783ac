#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/core/resume_token.h"
#include "services/query/sink/query_service_fixture.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;

using FeedCallsTest = QueryServiceTest;

TEST_F(FeedCallsTest, TokensThatMissedExpiredRowsAreRefused) {
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
  ClientFeed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_TRUE(feed.Next().has_caught_up());
  ClientFeed all(stub_.get(), [] {
    v1::SubscribeRequest from_beginning = SubscribeTo(kParent);
    from_beginning.set_from_beginning(true);
    return from_beginning;
  }());
  EXPECT_TRUE(all.Next().has_confirmation());
  EXPECT_THAT(Rows(all.Next().changes().results()), ElementsAre("5000/c=3"));
}

TEST_F(FeedCallsTest, FeedGoesOnFromAList) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 1));
  v1::ListResultsRequest list;
  list.set_parent(kParent);
  v1::ListResultsResponse listed;
  ASSERT_TRUE(Call(list, &listed).ok());
  Apply(topic_.Row(0, 0, "a", 2));

  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_resume_token(listed.resume_token());
  ClientFeed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("0/a=2"));
  EXPECT_TRUE(feed.Next().has_caught_up());
  Apply(topic_.Row(1, 0, "b", 7));
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("0/b=7"));
}

TEST_F(FeedCallsTest, FeedOfFinalRowsGoesOnFromAList) {
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 600).Row(0, 600, "b", 1));
  v1::ListResultsRequest list;
  list.set_parent(kParent);
  v1::ListResultsResponse listed;
  ASSERT_TRUE(Call(list, &listed).ok());
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_resume_token(listed.resume_token());
  request.set_final_only(true);
  ClientFeed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_TRUE(feed.Next().has_caught_up());
  Apply(topic_.CloseThrough(0, 1200));
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("600/b=1"));
}

TEST_F(FeedCallsTest, QuietFeedSendsHeartbeats) {
  Apply(topic_.Row(0, 0, "a", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.mutable_heartbeat_interval()->set_nanos(100'000'000);
  ClientFeed feed(stub_.get(), request);
  EXPECT_TRUE(feed.NextOfAnyKind().has_confirmation());
  EXPECT_TRUE(feed.NextOfAnyKind().has_caught_up());
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(feed.NextOfAnyKind().has_heartbeat());
  EXPECT_TRUE(feed.NextOfAnyKind().has_heartbeat());
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(100));
}

TEST_F(FeedCallsTest, RefusesWhatCannotBeSubscribed) {
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

TEST_F(FeedCallsTest, RefusesAFeedThatCannotBeFiltered) {
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

TEST_F(FeedCallsTest, TokenIsOfOneFilterAndRangeOnly) {
  Apply(topic_.Row(0, 0, "a", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_filter("type = a");
  *request.mutable_window_end_time() = Seconds(9);
  {
    ClientFeed feed(stub_.get(), request);
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
  ClientFeed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
}

TEST_F(FeedCallsTest, ListThenFeedOfAFilterMissesNothingAndRepeatsNothing) {
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
  ClientFeed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("1200/a=1", "600/a=2"));
  EXPECT_TRUE(feed.Next().has_caught_up());
}

TEST_F(FeedCallsTest, FeedBeginsAtATimeAndEndsAtOne) {
  Apply(topic_.CommitAt(10'000).Row(0, 0, "a", 1).CommitAt(20'000).Row(1, 0, "b", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  *request.mutable_start_time() = Seconds(15);
  *request.mutable_end_time() = Seconds(1);
  ClientFeed feed(stub_.get(), request);
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

TEST_F(FeedCallsTest, WhatWasPurgedCannotBeSubscribed) {
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
  ClientFeed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("0/a=1"));
}

TEST_F(FeedCallsTest, TakesSoManySubscribersAndNoMore) {
  Apply(topic_.Row(0, 0, "a", 1));
  std::vector<std::unique_ptr<ClientFeed>> feeds;
  for (int i = 0; i < 3; ++i) {
    feeds.push_back(std::make_unique<ClientFeed>(stub_.get(), SubscribeTo(kParent)));
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

TEST_F(FeedCallsTest, DrainEndsFeedsWithATokenThatGoesOn) {
  Apply(topic_.Row(0, 0, "a", 1));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_from_beginning(true);
  std::string token;
  {
    ClientFeed feed(stub_.get(), request);
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
  ClientFeed feed(stub_.get(), request);
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_THAT(Rows(feed.Next().changes().results()), ElementsAre("0/b=2"));
}

TEST_F(FeedCallsTest, FeedEndsWhenTheTopicIsReplaced) {
  Apply(topic_.Row(0, 0, "a", 1));
  ClientFeed feed(stub_.get(), SubscribeTo(kParent));
  EXPECT_TRUE(feed.Next().has_confirmation());
  EXPECT_TRUE(feed.Next().has_caught_up());
  ASSERT_TRUE(store_->Rebuild(RebuildReason::kTopicChanged, "test").ok());
  ASSERT_TRUE(store_->Open(2).ok());
  EXPECT_EQ(Reason(feed.Finish()), "10 RESULTS_REPLACED");
}

TEST_F(FeedCallsTest, ClientThatDoesNotReadMissesNothingInTheEnd) {
  Apply(topic_.Row(0, 0, "a", 0));
  v1::SubscribeRequest request = SubscribeTo(kParent);
  request.set_from_beginning(true);
  ClientFeed feed(stub_.get(), request);
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
class StalledFeedTest : public FeedCallsTest {
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
  ClientFeed stalled(stub_.get(), request_);
  EXPECT_TRUE(stalled.Next().has_confirmation());
  ClientFeed other(stub_.get(), request_);
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
  ClientFeed next(stub_.get(), request_);
  EXPECT_TRUE(next.Next().has_confirmation());
  EXPECT_EQ(next.Next().changes().results(0).accepted(), round);
}

TEST_F(StalledFeedTest, IsCutOffWhenItNeverReads) {
  Apply(topic_.Row(0, 0, "a", 0));
  ClientFeed stalled(stub_.get(), request_);
  EXPECT_TRUE(stalled.Next().has_confirmation());
  for (int round = 1; round <= 20; ++round) ChangeMuch(round);
  AwaitSubscribers(0);
}

}  // namespace
}  // namespace windrow::query
