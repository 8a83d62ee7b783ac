#include "services/query/sink/subscription.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/query/core/row_filter.h"
#include "services/query/sink/feed_readers.h"
#include "services/query/sink/result_store.h"
#include "services/query/sink/sample_changes.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kStart = absl::UnixEpoch();

ReadingState AtEnd() {
  ReadingState reading;
  reading.topic_exists = true;
  reading.caught_up = true;
  reading.at_end = true;
  return reading;
}

// "start/group=accepted", with " final", or " gone".
std::vector<std::string> Rows(const v1::Changes& changes) {
  std::vector<std::string> rows;
  const auto name = [](const v1::Result& row) {
    const int64_t start_us =
        row.window_start_time().seconds() * 1'000'000 + row.window_start_time().nanos() / 1000;
    return absl::StrCat(start_us, "/", row.group(0).string_value());
  };
  for (const v1::Result& row : changes.results()) {
    rows.push_back(absl::StrCat(name(row), "=", row.accepted(), row.final() ? " final" : ""));
  }
  for (const v1::Result& row : changes.retracted()) rows.push_back(name(row) + " gone");
  return rows;
}

class SubscriptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = ResultStore::Create("p", TestDirectory());
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ASSERT_TRUE(store_->Open(2).ok());
  }

  void Apply(SampleTopic& topic) {
    const absl::Status status = store_->Apply(topic.Take());
    ASSERT_TRUE(status.ok()) << status;
  }

  static FeedSelection Select(bool final_only = false) {
    FeedSelection selection;
    selection.view = std::string(SampleTopic::kView);
    selection.parent = "pipelines/p/views/by-type";
    selection.final_only = final_only;
    return selection;
  }

  static FeedSelection SelectByFilter(const std::string& filter, bool final_only = false) {
    FeedSelection selection = Select(final_only);
    selection.filter_text = filter;
    const auto parsed = RowFilter::Parse(filter);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    if (parsed.ok()) selection.filter = *parsed;
    return selection;
  }

  Subscription StartAt(const FeedSelection& selection, ResumeToken start,
                       Subscription::Options options = {}) {
    return Subscription(options, readers_.Get(store_.get(), selection), std::move(start),
                        store_->view()->epoch());
  }

  Subscription FromBeginning(const FeedSelection& selection, Subscription::Options options = {}) {
    return StartAt(selection, Subscription::FromBeginning(selection, *store_->view()), options);
  }
  Subscription FromBeginning(bool final_only = false) { return FromBeginning(Select(final_only)); }

  Subscription FromNow(const FeedSelection& selection) {
    return StartAt(selection, Subscription::FromNow(selection, *store_->view()));
  }
  Subscription FromNow(bool final_only = false) { return FromNow(Select(final_only)); }

  Subscription FromToken(const std::string& text, const FeedSelection& selection) {
    ExpectedToken expected;
    expected.incarnation = store_->view()->incarnation();
    expected.parent = selection.parent;
    expected.kind = selection.final_only ? FeedKind::kFinalRows : FeedKind::kAllRows;
    expected.filter_hash = HashOf(selection);
    expected.partitions = store_->view()->partitions();
    ResumeToken token;
    EXPECT_EQ(DecodeResumeToken(text, expected, &token), TokenFault::kNone);
    return StartAt(selection, token);
  }
  Subscription FromToken(const std::string& text, bool final_only = false) {
    return FromToken(text, Select(final_only));
  }

  absl::StatusOr<Subscription::Step> Step(Subscription& subscription, absl::Time now = kStart,
                                          const ReadingState& reading = AtEnd()) {
    return subscription.Next(store_->view(), reading, now);
  }

  static v1::SubscribeResponse Parse(const FeedMessage& message) {
    v1::SubscribeResponse parsed;
    grpc::ByteBuffer bytes = *message;
    EXPECT_TRUE(
        grpc::SerializationTraits<v1::SubscribeResponse>::Deserialize(&bytes, &parsed).ok());
    return parsed;
  }

  // The next message; fails the test when there is none.
  v1::SubscribeResponse Message(Subscription& subscription, absl::Time now = kStart) {
    const auto step = Step(subscription, now);
    EXPECT_TRUE(step.ok()) << step.status();
    if (!step.ok() || step->message == nullptr) {
      ADD_FAILURE() << "no message";
      return v1::SubscribeResponse();
    }
    return Parse(step->message);
  }

  bool IsSilent(Subscription& subscription, absl::Time now = kStart) {
    const auto step = Step(subscription, now);
    return step.ok() && step->message == nullptr;
  }

  // Past the confirmation, and all there is, to the message of having caught up.
  std::vector<std::string> CatchUp(Subscription& subscription, std::string* token = nullptr) {
    EXPECT_TRUE(Message(subscription).has_confirmation());
    std::vector<std::string> rows;
    for (int i = 0; i < 1000; ++i) {
      const v1::SubscribeResponse message = Message(subscription);
      if (token != nullptr) *token = message.resume_token();
      if (message.has_caught_up()) return rows;
      for (std::string& row : Rows(message.changes())) rows.push_back(std::move(row));
    }
    ADD_FAILURE() << "never caught up";
    return rows;
  }

  std::unique_ptr<ResultStore> store_;
  FeedReaders readers_;
  SampleTopic topic_{2};
};

TEST_F(SubscriptionTest, FromBeginningSendsAllRowsAndThenTheirChanges) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 2).Row(0, 0, "c", 3, "other-view"));
  Subscription feed = FromBeginning();
  EXPECT_THAT(CatchUp(feed), ElementsAre("0/a=1", "0/b=2"));
  EXPECT_TRUE(IsSilent(feed));
  Apply(topic_.Row(0, 0, "a", 5));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("0/a=5"));
  EXPECT_TRUE(IsSilent(feed));
}

TEST_F(SubscriptionTest, FromNowSendsOnlyWhatComes) {
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 7).CloseThrough(1, 9));
  Subscription feed = FromNow();
  EXPECT_FALSE(Message(feed).has_closed_through_time()) << "not looked yet";
  const v1::SubscribeResponse caught_up = Message(feed);
  EXPECT_TRUE(caught_up.has_caught_up());
  EXPECT_EQ(caught_up.closed_through_time().nanos(), 7000);
  Apply(topic_.Row(1, 0, "b", 2));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("0/b=2"));
}

TEST_F(SubscriptionTest, SlowFeedSkipsVersionsButNotTheLast) {
  Subscription feed = FromBeginning();
  CatchUp(feed);
  for (int i = 1; i <= 50; ++i) Apply(topic_.Row(0, 0, "a", i).Row(0, 600, "b", i));
  const v1::SubscribeResponse message = Message(feed);
  EXPECT_THAT(Rows(message.changes()), ElementsAre("0/a=50", "600/b=50"));
  EXPECT_EQ(message.changes().results(1).version().offset(), 99);
  EXPECT_TRUE(IsSilent(feed));
}

TEST_F(SubscriptionTest, EveryTokenGoesOnAfterItsMessage) {
  for (int i = 0; i < 1300; ++i) topic_.Row(i % 2, i * 600, "a", i);
  Apply(topic_);
  // Each message is read by a new subscriber that comes with the token of the one before.
  std::string token = Message(*std::make_unique<Subscription>(FromBeginning())).resume_token();
  std::vector<std::string> rows;
  for (int i = 0; i < 100; ++i) {
    Subscription feed = FromToken(token);
    EXPECT_EQ(Message(feed).resume_token(), token);
    const v1::SubscribeResponse message = Message(feed);
    if (message.has_caught_up()) break;
    EXPECT_LE(message.changes().results_size(), FeedReader::kMaxRows);
    for (std::string& row : Rows(message.changes())) rows.push_back(std::move(row));
    token = message.resume_token();
  }
  EXPECT_THAT(rows, SizeIs(1300));
  std::set<std::string> distinct(rows.begin(), rows.end());
  EXPECT_EQ(distinct.size(), rows.size()) << "nothing twice";
}

TEST_F(SubscriptionTest, MessagesAreBoundedInBytesToo) {
  for (int i = 0; i < 10; ++i) topic_.Row(0, i * 600, std::string(300'000, 'x'), 1);
  Apply(topic_);
  Subscription feed = FromBeginning();
  Message(feed);
  int messages = 0;
  for (v1::SubscribeResponse message = Message(feed); !message.has_caught_up();
       message = Message(feed)) {
    EXPECT_LT(message.ByteSizeLong(), 4'000'000u);
    ++messages;
  }
  EXPECT_GE(messages, 3);
}

TEST_F(SubscriptionTest, AllPartitionsHaveTheirTurnWhileThereIsABacklog) {
  for (int i = 0; i < 3000; ++i) topic_.Row(0, i * 600, "a", i);
  for (int i = 0; i < 10; ++i) topic_.Row(1, i * 600, "b", i);
  Apply(topic_);
  Subscription feed = FromBeginning();
  Message(feed);
  Message(feed);
  const v1::SubscribeResponse second = Message(feed);
  EXPECT_EQ(second.changes().results(0).version().partition(), 1);
}

TEST_F(SubscriptionTest, TellsHowFarWindowsAreClosedOnlyOnceTheirRowsWereSent) {
  for (int i = 0; i < 700; ++i) topic_.Row(0, i * 600, "a", 1);
  Apply(topic_.CloseThrough(0, 1'000'000).CloseThrough(1, 1'000'000));
  Subscription feed = FromBeginning();
  EXPECT_FALSE(Message(feed).has_closed_through_time());
  const v1::SubscribeResponse first = Message(feed);
  EXPECT_TRUE(first.has_changes());
  EXPECT_FALSE(first.has_closed_through_time()) << "200 rows are still to come";
  const v1::SubscribeResponse second = Message(feed);
  EXPECT_TRUE(second.has_changes());
  EXPECT_EQ(second.closed_through_time().seconds(), 1);
}

TEST_F(SubscriptionTest, ClosingWithoutAChangeOfRowsIsToldAtOnce) {
  Apply(topic_.Row(0, 0, "a", 1));
  Subscription feed = FromBeginning();
  CatchUp(feed);
  Apply(topic_.CloseThrough(0, 600));
  EXPECT_TRUE(IsSilent(feed)) << "one partition of two";
  Apply(topic_.CloseThrough(1, 600));
  const v1::SubscribeResponse message = Message(feed);
  EXPECT_TRUE(message.has_heartbeat());
  EXPECT_EQ(message.closed_through_time().nanos(), 600'000);
  EXPECT_TRUE(IsSilent(feed));
}

TEST_F(SubscriptionTest, RowsAreFinalByTheirOwnPartition) {
  Subscription feed = FromBeginning();
  CatchUp(feed);
  Apply(topic_.CloseThrough(0, 600).Row(0, 0, "a", 1).Row(1, 0, "b", 1).Row(0, 600, "c", 1));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("0/a=1 final", "600/c=1", "0/b=1"));
}

TEST_F(SubscriptionTest, HeartbeatsAfterSilence) {
  Subscription feed = FromNow();
  CatchUp(feed);
  auto step = Step(feed, kStart + absl::Seconds(2));
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->message, nullptr);
  EXPECT_EQ(step->again, kStart + absl::Seconds(5));
  const v1::SubscribeResponse message = Message(feed, kStart + absl::Seconds(5));
  EXPECT_TRUE(message.has_heartbeat());
  // A change is as good as a heartbeat.
  Apply(topic_.Row(0, 0, "a", 1));
  EXPECT_TRUE(Message(feed, kStart + absl::Seconds(8)).has_changes());
  EXPECT_TRUE(IsSilent(feed, kStart + absl::Seconds(12)));
  EXPECT_TRUE(Message(feed, kStart + absl::Seconds(13)).has_heartbeat());
}

TEST_F(SubscriptionTest, RetractedRowsAreNamed) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 0, "b", 1));
  Subscription feed = FromBeginning();
  CatchUp(feed);
  Apply(topic_.DeleteRow(0, 0, "a").Row(0, 0, "b", 2));
  const v1::SubscribeResponse message = Message(feed);
  EXPECT_THAT(Rows(message.changes()), ElementsAre("0/b=2", "0/a gone"));
  EXPECT_EQ(message.changes().retracted(0).version().offset(), 2);
}

TEST_F(SubscriptionTest, CloseCarriesATokenThatGoesOn) {
  Apply(topic_.Row(0, 0, "a", 1));
  Subscription feed = FromBeginning();
  CatchUp(feed);
  const v1::SubscribeResponse close = Parse(feed.MakeClose("stopping"));
  EXPECT_EQ(close.close().reason(), "stopping");
  Apply(topic_.Row(0, 0, "b", 2));
  Subscription next = FromToken(close.resume_token());
  EXPECT_THAT(CatchUp(next), ElementsAre("0/b=2"));
}

TEST_F(SubscriptionTest, NothingComesBeforeTheConfirmation) {
  Apply(topic_.Row(0, 0, "a", 1));
  Subscription feed = FromBeginning();
  EXPECT_EQ(feed.MakeClose("stopping"), nullptr);
  EXPECT_TRUE(Message(feed).has_confirmation());
  EXPECT_TRUE(Parse(feed.MakeClose("stopping")).has_close());
}

TEST_F(SubscriptionTest, FinalOnlySendsRowsWhenTheyCloseAndThenCorrections) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 600, "b", 1).Row(1, 0, "c", 1));
  Subscription feed = FromBeginning(true);
  EXPECT_THAT(CatchUp(feed), IsEmpty());
  Apply(topic_.Row(0, 0, "a", 2));
  EXPECT_TRUE(IsSilent(feed));
  Apply(topic_.CloseThrough(0, 600));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("0/a=2 final"));
  EXPECT_TRUE(IsSilent(feed));
  Apply(topic_.Row(0, 600, "b", 2).Row(0, 0, "a", 3));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("0/a=3 final"));
  // Closing and correcting in one batch sends each row once.
  Apply(topic_.Row(0, 600, "b", 9).CloseThrough(0, 1200).Row(0, 600, "b", 10).CloseThrough(1, 600));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("600/b=10 final", "0/c=1 final"));
  EXPECT_TRUE(IsSilent(feed));
}

TEST_F(SubscriptionTest, FinalOnlyGoesOnInTheMiddleOfAWindow) {
  for (int i = 0; i < 1200; ++i) topic_.Row(0, 0, absl::StrCat("g", 1000 + i), 1);
  Apply(topic_.CloseThrough(0, 600));
  std::string token = Message(*std::make_unique<Subscription>(FromBeginning(true))).resume_token();
  std::map<std::string, int> seen;
  int corrected = 0;
  for (int i = 0; i < 20; ++i) {
    Subscription feed = FromToken(token, true);
    Message(feed);
    const v1::SubscribeResponse message = Message(feed);
    if (message.has_caught_up()) break;
    for (const v1::Result& row : message.changes().results()) {
      ++seen[row.group(0).string_value()];
      corrected += row.accepted() == 2 ? 1 : 0;
    }
    token = message.resume_token();
    // Between two messages, a row that was sent and one that was not are corrected.
    if (i == 0) Apply(topic_.Row(0, 0, "g1000", 2).Row(0, 0, "g2199", 2));
  }
  EXPECT_THAT(seen, SizeIs(1200));
  EXPECT_EQ(seen["g1000"], 2);
  EXPECT_EQ(seen["g2199"], 1);
  EXPECT_EQ(corrected, 2);
}

TEST_F(SubscriptionTest, FinalOnlyFromNowSkipsWhatIsFinalAlready) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 600, "b", 1).CloseThrough(0, 600));
  Subscription feed = FromNow(true);
  EXPECT_THAT(CatchUp(feed), IsEmpty());
  Apply(topic_.CloseThrough(0, 1200));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("600/b=1 final"));
  Apply(topic_.Row(0, 0, "a", 2));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("0/a=2 final"));
}

TEST_F(SubscriptionTest, ReplicaBehindTheTokenWaits) {
  Apply(topic_.Row(0, 0, "a", 1));
  ResumeToken ahead = Subscription::FromNow(Select(), *store_->view());
  ahead.positions[0].next_offset = 3;
  Subscription feed = StartAt(Select(), ahead);
  const std::string token = Message(feed).resume_token();
  ReadingState reading = AtEnd();
  reading.at_end = false;
  auto step = Step(feed, kStart + absl::Hours(1), reading);
  ASSERT_TRUE(step.ok());
  const v1::SubscribeResponse heartbeat = Parse(step->message);
  EXPECT_TRUE(heartbeat.has_heartbeat());
  EXPECT_EQ(heartbeat.resume_token(), token);
  Apply(topic_.Row(0, 0, "b", 1).Row(0, 0, "a", 2));
  EXPECT_TRUE(Message(feed, kStart + absl::Hours(1)).has_caught_up());
  Apply(topic_.Row(0, 0, "a", 3));
  EXPECT_THAT(Rows(Message(feed, kStart + absl::Hours(1)).changes()), ElementsAre("0/a=3"));
}

TEST_F(SubscriptionTest, TokenBeyondTheEndOfTheLogIsRefusedInTheEnd) {
  ResumeToken ahead = Subscription::FromNow(Select(), *store_->view());
  ahead.positions[1].next_offset = 1'000'000;
  Subscription feed = StartAt(Select(), ahead);
  Message(feed);
  EXPECT_TRUE(Step(feed, kStart + absl::Seconds(1)).ok());
  EXPECT_TRUE(Step(feed, kStart + absl::Seconds(9)).ok());
  EXPECT_EQ(Step(feed, kStart + absl::Seconds(12)).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(SubscriptionTest, OutlivesARebuildOfTheStore) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 0, "b", 1));
  Subscription feed = FromBeginning();
  CatchUp(feed);
  ASSERT_TRUE(store_->Rebuild(RebuildReason::kStoreBroken, "test").ok());
  EXPECT_TRUE(IsSilent(feed)) << "nothing is known at all";
  ASSERT_TRUE(store_->Open(2).ok());
  EXPECT_TRUE(IsSilent(feed));
  // The topic is read again: what was sent before is not sent twice.
  SampleTopic again(2);
  Apply(again.Row(0, 0, "a", 1));
  EXPECT_TRUE(IsSilent(feed));
  Apply(again.Row(0, 0, "b", 1).Row(0, 0, "b", 2));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("0/b=2"));
}

TEST_F(SubscriptionTest, EndsWhenTheTopicWasReplaced) {
  Subscription feed = FromNow();
  CatchUp(feed);
  ASSERT_TRUE(store_->Rebuild(RebuildReason::kTopicChanged, "test").ok());
  ASSERT_TRUE(store_->Open(2).ok());
  EXPECT_EQ(Step(feed).status().code(), absl::StatusCode::kAborted);
}

TEST_F(SubscriptionTest, SendsTheRowsOfAFilterOnly) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 0, "b", 2).Row(0, 600, "a", 3));
  Subscription feed = FromBeginning(SelectByFilter("type = a"));
  std::string token;
  EXPECT_THAT(CatchUp(feed, &token), ElementsAre("0/a=1", "600/a=3"));
  Apply(topic_.Row(1, 0, "b", 4).Row(0, 0, "a", 5).DeleteRow(1, 0, "b").DeleteRow(0, 600, "a"));
  EXPECT_THAT(Rows(Message(feed).changes()), ElementsAre("0/a=5", "600/a gone"));
  Apply(topic_.Row(1, 600, "b", 4));
  EXPECT_TRUE(IsSilent(feed)) << "another row";
  Subscription again = FromToken(token, SelectByFilter("type = a"));
  EXPECT_THAT(CatchUp(again), ElementsAre("0/a=5", "600/a gone"));
}

TEST_F(SubscriptionTest, SendsTheWindowsOfARangeOnly) {
  for (int i = 0; i < 5; ++i) topic_.Row(0, i * 600, "a", i);
  Apply(topic_);
  FeedSelection selection = Select();
  selection.start_us = 600;
  selection.end_us = 1800;
  Subscription feed = FromBeginning(selection);
  EXPECT_THAT(CatchUp(feed), ElementsAre("600/a=1", "1200/a=2"));
}

TEST_F(SubscriptionTest, FilterThatNamesNoFieldOfTheGroupEndsTheFeed) {
  Subscription feed = FromBeginning(SelectByFilter("count > 1"));
  EXPECT_THAT(CatchUp(feed), IsEmpty()) << "no row tells what the fields are";
  Apply(topic_.Row(0, 0, "a", 1));
  const absl::Status status = Step(feed).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "\"count\" is no field of the group; there are type");
}

TEST_F(SubscriptionTest, FilteredFeedTellsHowFarWindowsAreClosed) {
  Apply(topic_.Row(0, 0, "a", 1).Row(0, 0, "b", 1));
  Subscription feed = FromBeginning(SelectByFilter("type = b", true));
  EXPECT_THAT(CatchUp(feed), IsEmpty());
  Apply(topic_.Row(0, 0, "b", 2).CloseThrough(0, 600).CloseThrough(1, 600));
  const v1::SubscribeResponse message = Message(feed);
  EXPECT_THAT(Rows(message.changes()), ElementsAre("0/b=2 final"));
  EXPECT_EQ(message.closed_through_time().nanos(), 600'000) << "not before its rows";
  Apply(topic_.Row(0, 600, "a", 2).CloseThrough(0, 1200).CloseThrough(1, 1200));
  const v1::SubscribeResponse heartbeat = Message(feed);
  EXPECT_TRUE(heartbeat.has_heartbeat());
  EXPECT_EQ(heartbeat.closed_through_time().nanos(), 1'200'000);
}

TEST_F(SubscriptionTest, FilteredFeedOfManyOtherRowsGetsOnInPieces) {
  for (int i = 0; i < 9000; ++i) topic_.Row(i % 2, i * 600, "a", 1);
  Apply(topic_.Row(1, 0, "b", 1));
  Subscription feed = FromBeginning(SelectByFilter("type = b"));
  Message(feed);
  int silent = 0;
  std::vector<std::string> rows;
  while (silent < 100) {
    const auto step = Step(feed);
    ASSERT_TRUE(step.ok()) << step.status();
    if (step->message == nullptr) {
      EXPECT_EQ(step->again, kStart) << "goes on at once";
      ++silent;
      continue;
    }
    const v1::SubscribeResponse message = Parse(step->message);
    if (message.has_caught_up()) break;
    for (std::string& row : Rows(message.changes())) rows.push_back(std::move(row));
  }
  EXPECT_THAT(rows, ElementsAre("0/b=1"));
  EXPECT_THAT(silent, testing::AllOf(testing::Ge(1), testing::Lt(20)));
}

TEST_F(SubscriptionTest, FromATimeSendsWhatWasCommittedSince) {
  Apply(topic_.CommitAt(10'000).Row(0, 0, "a", 1).Row(1, 0, "b", 1).Row(0, 600, "c", 1));
  Apply(topic_.CommitAt(50'000).Row(0, 600, "c", 2).CommitAt(49'000).Row(1, 600, "d", 1));
  Apply(topic_.CommitAt(90'000).Row(0, 0, "a", 2).DeleteRow(1, 0, "b"));
  const auto rows_since = [&](int64_t time_us) {
    const auto token = Subscription::FromTime(Select(), *store_->view(), time_us);
    EXPECT_TRUE(token.ok()) << token.status();
    Subscription feed = StartAt(Select(), *token);
    return CatchUp(feed);
  };
  EXPECT_THAT(rows_since(0), ElementsAre("600/c=2", "0/a=2", "600/d=1", "0/b gone"));
  EXPECT_THAT(rows_since(49'000'001), ElementsAre("600/c=2", "0/a=2", "0/b gone"));
  EXPECT_THAT(rows_since(50'000'000), ElementsAre("600/c=2", "0/a=2", "0/b gone"));
  EXPECT_THAT(rows_since(50'000'001), ElementsAre("0/a=2", "0/b gone"));
  EXPECT_THAT(rows_since(90'000'001), IsEmpty());
}

TEST_F(SubscriptionTest, TimesOfManyChangesAreFound) {
  // Writers' clocks differ by a few seconds.
  std::mt19937 random(1);
  std::vector<int64_t> times;
  for (int i = 0; i < 3000; ++i) {
    times.push_back(100'000 + i * 200 + static_cast<int64_t>(random() % 8000));
    topic_.CommitAt(times.back()).Row(0, i * 600, "a", 1);
  }
  Apply(topic_);
  for (int64_t time_ms = 99'000; time_ms < 720'000; time_ms += 6'789) {
    const auto found = store_->view()->FindChange(SampleTopic::kView, 0, time_ms * 1000);
    ASSERT_TRUE(found.ok()) << found.status();
    const auto first =
        std::find_if(times.begin(), times.end(), [&](int64_t time) { return time >= time_ms; });
    EXPECT_EQ(*found, first - times.begin()) << time_ms;
  }
}

TEST_F(SubscriptionTest, TimeWhoseChangesWerePurgedIsRefused) {
  Apply(topic_.Purged(0, 40).CommitAt(10'000).Row(0, 0, "a", 1).CommitAt(30'000).Row(0, 0, "b", 1));
  EXPECT_EQ(Subscription::FromTime(Select(), *store_->view(), 9'000'000).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Subscription::FromTime(Select(), *store_->view(), 10'000'000).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(Subscription::FromTime(Select(), *store_->view(), 10'001'000).ok());
}

TEST_F(SubscriptionTest, TokenFromBeforeWhatIsKnownIsRefused) {
  Apply(topic_.Purged(0, 40).Row(0, 0, "a", 1));
  ResumeToken token = Subscription::FromBeginning(Select(), *store_->view());
  EXPECT_TRUE(Subscription::CheckKnown(token, *store_->view()).ok());
  token.positions[0].next_offset = 39;
  EXPECT_EQ(Subscription::CheckKnown(token, *store_->view()).code(), absl::StatusCode::kOutOfRange);
  Subscription feed = StartAt(Select(), token);
  Message(feed);
  EXPECT_EQ(Step(feed).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(SubscriptionTest, EndsOnceItsWindowsAreClosedAndSent) {
  Apply(topic_.Row(0, 0, "a", 1).Row(1, 600, "b", 1).CloseThrough(0, 900));
  Subscription::Options options;
  options.end_us = 600;
  Subscription feed = FromBeginning(Select(), options);
  EXPECT_THAT(CatchUp(feed), ElementsAre("0/a=1 final", "600/b=1"));
  EXPECT_TRUE(IsSilent(feed)) << "one partition of two";
  Apply(topic_.Row(1, 0, "c", 1).CloseThrough(1, 600).Row(1, 600, "d", 1));
  auto step = Step(feed);
  ASSERT_TRUE(step.ok());
  EXPECT_FALSE(step->ends);
  EXPECT_EQ(step->again, kStart) << "the end follows at once";
  EXPECT_THAT(Rows(Parse(step->message).changes()), ElementsAre("0/c=1 final", "600/d=1"));
  // Rows that come meanwhile do not put it off.
  Apply(topic_.Row(0, 600, "e", 1));
  step = Step(feed);
  ASSERT_TRUE(step.ok());
  EXPECT_TRUE(step->ends);
  const v1::SubscribeResponse close = Parse(step->message);
  EXPECT_EQ(close.close().reason(), "END_REACHED");
  Subscription next = FromToken(close.resume_token());
  EXPECT_THAT(CatchUp(next), ElementsAre("600/e=1"));
}

TEST_F(SubscriptionTest, ThoseWhoStandAtTheSamePlaceGetTheSameBytes) {
  Apply(topic_.Row(0, 0, "a", 1).CloseThrough(0, 600).CloseThrough(1, 600));
  const auto reader = readers_.Get(store_.get(), Select());
  std::vector<Subscription> feeds;
  for (int i = 0; i < 50; ++i) feeds.push_back(i % 2 == 0 ? FromBeginning() : FromNow());
  Subscription other = FromNow(SelectByFilter("type = b"));
  for (Subscription& feed : feeds) CatchUp(feed);
  CatchUp(other);
  for (int round = 1; round <= 10; ++round) {
    Apply(topic_.Row(0, 0, "a", 1 + round).CloseThrough(1, 600 + round));
    const int64_t reads = reader->reads();
    FeedMessage first;
    for (Subscription& feed : feeds) {
      const auto step = Step(feed);
      ASSERT_TRUE(step.ok()) << step.status();
      if (first == nullptr) first = step->message;
      EXPECT_EQ(step->message, first);
    }
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(reader->reads(), reads + 1);
    EXPECT_TRUE(IsSilent(other));
  }
  // One that did not listen for a while gets a message of its own, and is one of them again.
  Subscription late = FromToken(feeds[0].resume_token());
  CatchUp(late);
  Apply(topic_.Row(0, 0, "b", 1));
  for (Subscription& feed : feeds) Step(feed).IgnoreError();
  Apply(topic_.Row(0, 0, "c", 1));
  EXPECT_THAT(Rows(Message(late).changes()), ElementsAre("0/b=1 final", "0/c=1 final"));
  EXPECT_THAT(Rows(Message(feeds[0]).changes()), ElementsAre("0/c=1 final"));
  EXPECT_EQ(late.resume_token(), feeds[0].resume_token());
}

TEST_F(SubscriptionTest, MessagesTellWhenTheyWereMade) {
  Apply(topic_.CommitAt(1'500).Row(0, 0, "a", 1));
  Subscription feed = FromBeginning();
  Message(feed);
  const v1::SubscribeResponse message = Message(feed, kStart + absl::Seconds(3));
  EXPECT_EQ(message.changes().send_time().seconds(), 3);
  EXPECT_EQ(message.changes().results(0).commit_time().seconds(), 1);
  EXPECT_EQ(message.changes().results(0).commit_time().nanos(), 500'000'000);
}

// Subscribers that come, go and stand still at random, against the rules of the contract: versions
// of a row strictly increase over all feeds of a chain of tokens, and in the end every row was seen
// at its newest version; a feed of final rows sends nothing that is not final.
TEST_F(SubscriptionTest, RulesHoldUnderRandomReconnects) {
  for (const bool final_only : {false, true}) {
    for (unsigned seed = 1; seed <= 4; ++seed) {
      SCOPED_TRACE(absl::StrCat("final_only ", final_only, " seed ", seed));
      SetUp();
      SampleTopic topic(2);
      std::mt19937 random(seed);
      std::vector<int64_t> offsets(2);
      std::vector<int64_t> closed(2);
      // By (partition, "start/group").
      using Key = std::pair<int, std::string>;
      std::map<Key, int64_t> newest;
      std::map<Key, int64_t> seen;
      auto feed = std::make_unique<Subscription>(FromBeginning(final_only));
      std::string token = Message(*feed).resume_token();

      const auto read = [&](int messages) {
        for (int i = 0; i < messages; ++i) {
          const auto step = Step(*feed);
          ASSERT_TRUE(step.ok()) << step.status();
          if (step->message == nullptr) {
            if (step->again > kStart) return;
            continue;
          }
          const v1::SubscribeResponse message = Parse(step->message);
          // A client may go away before it has stored what it was sent.
          if (random() % 10 == 0) {
            feed = std::make_unique<Subscription>(FromToken(token, final_only));
            continue;
          }
          token = message.resume_token();
          for (const v1::Result& row : message.changes().results()) {
            const Key key(row.version().partition(),
                          absl::StrCat(row.window_start_time().nanos() / 1000, "/",
                                       row.group(0).string_value()));
            ASSERT_TRUE(seen.count(key) == 0 || seen[key] < row.version().offset());
            seen[key] = row.version().offset();
            ASSERT_TRUE(row.final() || !final_only);
          }
        }
      };
      for (int round = 0; round < 60; ++round) {
        const int changes = static_cast<int>(random() % 400);
        for (int i = 0; i < changes; ++i) {
          const int partition = static_cast<int>(random() % 2);
          const int64_t start = static_cast<int64_t>(random() % 40) * 600;
          const std::string group = absl::StrCat("p", partition, "g", random() % 40);
          topic.Row(partition, start, group, 1);
          newest[Key(partition, absl::StrCat(start, "/", group))] = offsets[partition]++;
        }
        if (random() % 2 == 0) {
          const int partition = static_cast<int>(random() % 2);
          closed[partition] += static_cast<int64_t>(random() % 3) * 600;
          topic.CloseThrough(partition, closed[partition]);
          ++offsets[partition];
        }
        Apply(topic);
        read(static_cast<int>(random() % 4));
      }
      Apply(topic.CloseThrough(0, 1'000'000).CloseThrough(1, 1'000'000));
      read(1000);
      EXPECT_EQ(seen, newest);
    }
  }
}

}  // namespace
}  // namespace windrow::query
