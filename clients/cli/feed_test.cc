#include "clients/cli/feed.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

TEST(FeedTest, TriesAgainAfterAnError) {
  std::atomic<int> attempts{0};
  absl::Notification third;
  Feed feed([&](grpc::ClientContext*) {
    if (++attempts == 3) third.Notify();
    return absl::UnavailableError("gone");
  });
  EXPECT_TRUE(third.WaitForNotificationWithTimeout(kPatience));
  feed.Stop();
  EXPECT_EQ(feed.trouble(), "gone");
}

TEST(FeedTest, HearingFromTheServerEndsTheTrouble) {
  absl::Notification alive;
  absl::Notification stop;
  int attempts = 0;
  Feed* self = nullptr;
  absl::Mutex mutex;
  Feed feed([&](grpc::ClientContext*) -> absl::Status {
    if (++attempts == 1) return absl::UnavailableError("gone");
    {
      absl::MutexLock lock(&mutex);
      mutex.Await(absl::Condition(
          +[](Feed** feed) { return *feed != nullptr; }, &self));
    }
    self->ReportAlive();
    alive.Notify();
    stop.WaitForNotificationWithTimeout(kPatience);
    return absl::OkStatus();
  });
  {
    absl::MutexLock lock(&mutex);
    self = &feed;
  }
  EXPECT_TRUE(alive.WaitForNotificationWithTimeout(kPatience));
  EXPECT_EQ(feed.trouble(), "");
  stop.Notify();
}

TEST(FeedTest, AnAttemptMayBeTheLastOne) {
  std::atomic<int> attempts{0};
  absl::Mutex mutex;
  Feed* self = nullptr;
  Feed feed([&](grpc::ClientContext*) {
    ++attempts;
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(
        +[](Feed** feed) { return *feed != nullptr; }, &self));
    self->Finish();
    return absl::OkStatus();
  });
  EXPECT_FALSE(feed.finished());
  {
    absl::MutexLock lock(&mutex);
    self = &feed;
  }
  const absl::Time deadline = absl::Now() + kPatience;
  while (!feed.finished() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_TRUE(feed.finished());
  feed.Stop();
  EXPECT_EQ(attempts, 1);
}

TEST(FeedTest, StopEndsTheWaitForTheNextAttempt) {
  absl::Notification first;
  Feed feed([&](grpc::ClientContext*) {
    if (!first.HasBeenNotified()) first.Notify();
    return absl::UnavailableError("gone");
  });
  ASSERT_TRUE(first.WaitForNotificationWithTimeout(kPatience));
  const absl::Time begin = absl::Now();
  feed.Stop();
  EXPECT_LT(absl::Now() - begin, kPatience);
}

}  // namespace
}  // namespace windrow::cli
