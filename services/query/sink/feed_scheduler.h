#ifndef SERVICES_QUERY_SINK_FEED_SCHEDULER_H_
#define SERVICES_QUERY_SINK_FEED_SCHEDULER_H_

#include <deque>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace windrow::query {

// Something that has work to do from time to time.
class Feed {
 public:
  virtual ~Feed() = default;

  // Does what there is to do, without waiting, and returns when to be run again at the latest.
  // Never runs twice at a time.
  virtual absl::Time Run() = 0;
};

// Runs feeds on a few threads: when they are woken, and when their time has come. A feed waits in
// the queue at most once, so the queue is no longer than the number of feeds. Thread-safe.
class FeedScheduler {
 public:
  // All feeds are woken no more often than the threads can run them: this long for each feed. Few
  // feeds hear of a change at once; of a thousand, each hears 20 times a second of all changes
  // since.
  static constexpr absl::Duration kPacePerFeed = absl::Microseconds(50);

  explicit FeedScheduler(int threads);
  // Waits for the runs in progress; none follows.
  ~FeedScheduler();
  FeedScheduler(const FeedScheduler&) = delete;
  FeedScheduler& operator=(const FeedScheduler&) = delete;

  // Runs the feed soon, and keeps it until Remove.
  void Add(std::shared_ptr<Feed> feed);
  // Lets go of the feed; a run in progress still ends. Does nothing for one that is not there.
  void Remove(Feed* feed);

  // Runs the feed soon; once more if it is running now. Does nothing for one that is not there.
  void Wake(Feed* feed);
  // Wakes all feeds, at once or, after another call, as soon as their pace allows.
  void WakeAll();

 private:
  struct Entry {
    std::shared_ptr<Feed> feed;
    bool queued = false;
    bool running = false;
    bool woken = false;
    absl::Time again = absl::InfiniteFuture();
  };

  void Work();
  void WakeLocked(Feed* feed, Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SetTimer(Feed* feed, Entry* entry, absl::Time again) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeAllLocked(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void QueueDueFeeds() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RunFirst() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  absl::CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<Feed*, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::deque<Feed*> ready_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, Feed*>> timers_ ABSL_GUARDED_BY(mutex_);
  // When all feeds may be woken again, and when they are to be, if they are.
  absl::Time next_wake_all_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  absl::Time wake_all_time_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  std::vector<std::thread> threads_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_FEED_SCHEDULER_H_
