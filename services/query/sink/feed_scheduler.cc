#include "services/query/sink/feed_scheduler.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace windrow::query {

FeedScheduler::FeedScheduler(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

FeedScheduler::~FeedScheduler() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void FeedScheduler::Add(std::shared_ptr<Feed> feed) {
  absl::MutexLock lock(&mutex_);
  Feed* const key = feed.get();
  Entry& entry = entries_[key];
  entry.feed = std::move(feed);
  WakeLocked(key, &entry);
}

void FeedScheduler::Remove(Feed* feed) {
  std::shared_ptr<Feed> last;
  absl::MutexLock lock(&mutex_);
  const auto it = entries_.find(feed);
  if (it == entries_.end()) return;
  SetTimer(feed, &it->second, absl::InfiniteFuture());
  // May be the last owner: the feed ends after the lock is released.
  last = std::move(it->second.feed);
  entries_.erase(it);
}

void FeedScheduler::Wake(Feed* feed) {
  absl::MutexLock lock(&mutex_);
  const auto it = entries_.find(feed);
  if (it != entries_.end()) WakeLocked(feed, &it->second);
}

void FeedScheduler::WakeAll() {
  const absl::Time now = absl::Now();
  absl::MutexLock lock(&mutex_);
  if (now >= next_wake_all_) {
    WakeAllLocked(now);
  } else if (wake_all_time_ == absl::InfiniteFuture()) {
    wake_all_time_ = next_wake_all_;
    changed_.Signal();
  }
}

void FeedScheduler::WakeAllLocked(absl::Time now) {
  wake_all_time_ = absl::InfiniteFuture();
  next_wake_all_ = now + kPacePerFeed * static_cast<int64_t>(entries_.size());
  for (auto& [feed, entry] : entries_) WakeLocked(feed, &entry);
}

void FeedScheduler::WakeLocked(Feed* feed, Entry* entry) {
  if (entry->running) {
    entry->woken = true;
    return;
  }
  if (entry->queued) return;
  entry->queued = true;
  ready_.push_back(feed);
  changed_.Signal();
}

void FeedScheduler::SetTimer(Feed* feed, Entry* entry, absl::Time again) {
  if (entry->again != absl::InfiniteFuture()) timers_.erase({entry->again, feed});
  entry->again = again;
  if (again != absl::InfiniteFuture()) timers_.insert({again, feed});
}

void FeedScheduler::QueueDueFeeds() {
  const absl::Time now = absl::Now();
  if (wake_all_time_ <= now) WakeAllLocked(now);
  while (!timers_.empty() && timers_.begin()->first <= now) {
    Feed* const feed = timers_.begin()->second;
    Entry& entry = entries_[feed];
    SetTimer(feed, &entry, absl::InfiniteFuture());
    WakeLocked(feed, &entry);
  }
}

void FeedScheduler::RunFirst() {
  Feed* const feed = ready_.front();
  ready_.pop_front();
  auto it = entries_.find(feed);
  // Removed while it waited (and perhaps another one has its address now).
  if (it == entries_.end() || !it->second.queued) return;
  const std::shared_ptr<Feed> owned = it->second.feed;
  it->second.queued = false;
  it->second.running = true;
  SetTimer(feed, &it->second, absl::InfiniteFuture());
  mutex_.Unlock();
  const absl::Time again = owned->Run();
  mutex_.Lock();
  it = entries_.find(feed);
  if (it == entries_.end()) return;  // Removed while it ran.
  it->second.running = false;
  if (it->second.woken) {
    it->second.woken = false;
    WakeLocked(feed, &it->second);
  } else {
    SetTimer(feed, &it->second, again);
  }
}

void FeedScheduler::Work() {
  absl::MutexLock lock(&mutex_);
  while (!stopping_) {
    QueueDueFeeds();
    if (!ready_.empty()) {
      RunFirst();
      continue;
    }
    // The thread that sets a timer comes by here, so somebody always waits for the first one.
    const absl::Time next = timers_.empty() ? absl::InfiniteFuture() : timers_.begin()->first;
    changed_.WaitWithDeadline(&mutex_, std::min(next, wake_all_time_));
  }
}

}  // namespace windrow::query
