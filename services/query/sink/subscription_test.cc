#include "services/query/sink/subscription.h"

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

  static Subscription::Options MakeOptions(bool final_only = false) {
    Subscription::Options options;
    options.view = std::string(SampleTopic::kView);
    options.parent = "pipelines/p/views/by-type";
    options.final_only = final_only;
    return options;
  }

  Subscription FromBeginning(bool final_only = false) {
    const Subscription::Options options = MakeOptions(final_only);
    return Subscription(options, Subscription::FromBeginning(options, *store_->view()),
                        store_->view()->epoch());
  }

  Subscription FromNow(bool final_only = false) {
    const Subscription::Options options = MakeOptions(final_only);
    return Subscription(options, Subscription::FromNow(options, *store_->view()),
                        store_->view()->epoch());
  }

  Subscription FromToken(const std::string& text, bool final_only = false) {
    ExpectedToken expected;
    expected.incarnation = store_->view()->incarnation();
    expected.parent = MakeOptions().parent;
    expected.kind = final_only ? FeedKind::kFinalRows : FeedKind::kAllRows;
    expected.partitions = store_->view()->partitions();
    ResumeToken token;
    EXPECT_EQ(DecodeResumeToken(text, expected, &token), TokenFault::kNone);
    return Subscription(MakeOptions(final_only), token, store_->view()->epoch());
  }

  absl::StatusOr<Subscription::Step> Step(Subscription& subscription, absl::Time now = kStart,
                                          const ReadingState& reading = AtEnd()) {
    return subscription.Next(store_->view().get(), reading, now);
  }

  // The next message; fails the test when there is none.
  v1::SubscribeResponse Message(Subscription& subscription, absl::Time now = kStart) {
    const auto step = Step(subscription, now);
    EXPECT_TRUE(step.ok()) << step.status();
    if (!step.ok() || !step->message.has_value()) {
      ADD_FAILURE() << "no message";
      return v1::SubscribeResponse();
    }
    return *step->message;
  }

  bool IsSilent(Subscription& subscription, absl::Time now = kStart) {
    const auto step = Step(subscription, now);
    return step.ok() && !step->message.has_value();
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
    EXPECT_LE(message.changes().results_size(), Subscription::kMaxRows);
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
  EXPECT_FALSE(step->message.has_value());
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
  const v1::SubscribeResponse close = feed.MakeClose("stopping");
  EXPECT_EQ(close.close().reason(), "stopping");
  Apply(topic_.Row(0, 0, "b", 2));
  Subscription next = FromToken(close.resume_token());
  EXPECT_THAT(CatchUp(next), ElementsAre("0/b=2"));
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
  Subscription::Options options = MakeOptions();
  ResumeToken ahead = Subscription::FromNow(options, *store_->view());
  ahead.positions[0].next_offset = 3;
  Subscription feed(options, ahead, store_->view()->epoch());
  const std::string token = Message(feed).resume_token();
  ReadingState reading = AtEnd();
  reading.at_end = false;
  auto step = Step(feed, kStart + absl::Hours(1), reading);
  ASSERT_TRUE(step.ok());
  EXPECT_TRUE(step->message->has_heartbeat());
  EXPECT_EQ(step->message->resume_token(), token);
  Apply(topic_.Row(0, 0, "b", 1).Row(0, 0, "a", 2));
  EXPECT_TRUE(Message(feed, kStart + absl::Hours(1)).has_caught_up());
  Apply(topic_.Row(0, 0, "a", 3));
  EXPECT_THAT(Rows(Message(feed, kStart + absl::Hours(1)).changes()), ElementsAre("0/a=3"));
}

TEST_F(SubscriptionTest, TokenBeyondTheEndOfTheLogIsRefusedInTheEnd) {
  Subscription::Options options = MakeOptions();
  ResumeToken ahead = Subscription::FromNow(options, *store_->view());
  ahead.positions[1].next_offset = 1'000'000;
  Subscription feed(options, ahead, store_->view()->epoch());
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
          if (!step->message.has_value()) {
            if (step->again > kStart) return;
            continue;
          }
          // A client may go away before it has stored what it was sent.
          if (random() % 10 == 0) {
            feed = std::make_unique<Subscription>(FromToken(token, final_only));
            continue;
          }
          token = step->message->resume_token();
          for (const v1::Result& row : step->message->changes().results()) {
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
