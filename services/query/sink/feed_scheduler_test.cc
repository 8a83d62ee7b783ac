#include "services/query/sink/feed_scheduler.h"

#include <atomic>
#include <memory>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace windrow::query {
namespace {

constexpr absl::Duration kLongEnough = absl::Seconds(20);

// Counts its runs, and runs again after `interval`.
class CountingFeed : public Feed {
 public:
  explicit CountingFeed(absl::Duration interval = absl::InfiniteDuration()) : interval_(interval) {}

  absl::Time Run() override {
    EXPECT_FALSE(running_.exchange(true)) << "runs twice at a time";
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&open_));
    ++runs_;
    running_ = false;
    return absl::Now() + interval_;
  }

  bool WaitForRuns(int runs) {
    const auto enough = [this, runs]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return runs_ >= runs; };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), kLongEnough);
  }

  int runs() {
    absl::MutexLock lock(&mutex_);
    return runs_;
  }

  void SetOpen(bool open) {
    absl::MutexLock lock(&mutex_);
    open_ = open;
  }

 private:
  const absl::Duration interval_;
  std::atomic<bool> running_{false};
  absl::Mutex mutex_;
  bool open_ ABSL_GUARDED_BY(mutex_) = true;
  int runs_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST(FeedSchedulerTest, RunsAFeedWhenAddedAndWhenWoken) {
  FeedScheduler scheduler(2);
  const auto feed = std::make_shared<CountingFeed>();
  scheduler.Add(feed);
  ASSERT_TRUE(feed->WaitForRuns(1));
  scheduler.Wake(feed.get());
  ASSERT_TRUE(feed->WaitForRuns(2));
  scheduler.WakeAll();
  ASSERT_TRUE(feed->WaitForRuns(3));
}

TEST(FeedSchedulerTest, RunsAFeedWhenItsTimeHasCome) {
  FeedScheduler scheduler(1);
  const auto quiet = std::make_shared<CountingFeed>();
  const auto feed = std::make_shared<CountingFeed>(absl::Milliseconds(1));
  scheduler.Add(quiet);
  scheduler.Add(feed);
  EXPECT_TRUE(feed->WaitForRuns(5));
  EXPECT_EQ(quiet->runs(), 1);
}

TEST(FeedSchedulerTest, WakingARunningFeedRunsItOnceMore) {
  FeedScheduler scheduler(2);
  const auto feed = std::make_shared<CountingFeed>();
  feed->SetOpen(false);
  scheduler.Add(feed);
  for (int i = 0; i < 100; ++i) scheduler.Wake(feed.get());
  feed->SetOpen(true);
  // The run that was held back, and perhaps one more for all the wakings during it.
  ASSERT_TRUE(feed->WaitForRuns(1));
  scheduler.Wake(feed.get());
  ASSERT_TRUE(feed->WaitForRuns(2));
  EXPECT_LE(feed->runs(), 3);
}

TEST(FeedSchedulerTest, RemovedFeedRunsNoMore) {
  FeedScheduler scheduler(1);
  const auto feed = std::make_shared<CountingFeed>(absl::Milliseconds(1));
  std::weak_ptr<CountingFeed> watched = feed;
  scheduler.Add(feed);
  ASSERT_TRUE(feed->WaitForRuns(2));
  scheduler.Remove(feed.get());
  // Another feed that has had its turn since shows that a run in progress is over.
  const auto other = std::make_shared<CountingFeed>();
  scheduler.Add(other);
  ASSERT_TRUE(other->WaitForRuns(1));
  const int runs = feed->runs();
  scheduler.Wake(feed.get());
  scheduler.WakeAll();
  ASSERT_TRUE(other->WaitForRuns(2));
  EXPECT_EQ(feed->runs(), runs);
}

TEST(FeedSchedulerTest, ManyFeedsManyWakings) {
  FeedScheduler scheduler(3);
  std::vector<std::shared_ptr<CountingFeed>> feeds;
  for (int i = 0; i < 200; ++i) {
    feeds.push_back(std::make_shared<CountingFeed>(absl::Milliseconds(i % 7 + 1)));
    scheduler.Add(feeds.back());
  }
  for (int i = 0; i < 200; ++i) {
    scheduler.WakeAll();
    if (i % 10 == 0) scheduler.Remove(feeds[i].get());
  }
  for (size_t i = 0; i < feeds.size(); ++i) {
    if (i % 10 == 0) continue;
    EXPECT_TRUE(feeds[i]->WaitForRuns(3)) << i;
  }
}

TEST(FeedSchedulerTest, ManyFeedsAreWokenAtTheirPace) {
  FeedScheduler scheduler(2);
  std::vector<std::shared_ptr<CountingFeed>> feeds;
  for (int i = 0; i < 1000; ++i) {
    feeds.push_back(std::make_shared<CountingFeed>());
    scheduler.Add(feeds.back());
  }
  for (const auto& feed : feeds) ASSERT_TRUE(feed->WaitForRuns(1));
  const absl::Time begin = absl::Now();
  int wakings = 0;
  while (absl::Now() < begin + absl::Milliseconds(200)) {
    scheduler.WakeAll();
    ++wakings;
  }
  const int runs = feeds[0]->runs();
  const int64_t most = (absl::Now() - begin) / (FeedScheduler::kPacePerFeed * 1000);
  EXPECT_GT(wakings, 100);
  EXPECT_LE(runs, 1 + 1 + most);
  // The last one is not forgotten.
  for (const auto& feed : feeds) ASSERT_TRUE(feed->WaitForRuns(2));
  scheduler.WakeAll();
  EXPECT_TRUE(feeds[0]->WaitForRuns(runs + 1));
}

TEST(FeedSchedulerTest, EndsWithFeedsLeft) {
  const auto feed = std::make_shared<CountingFeed>(absl::Milliseconds(1));
  {
    FeedScheduler scheduler(2);
    scheduler.Add(feed);
    ASSERT_TRUE(feed->WaitForRuns(1));
  }
  const int runs = feed->runs();
  EXPECT_EQ(feed.use_count(), 1);
  EXPECT_EQ(feed->runs(), runs);
}

}  // namespace
}  // namespace windrow::query
