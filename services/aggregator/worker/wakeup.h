#ifndef SERVICES_AGGREGATOR_WORKER_WAKEUP_H_
#define SERVICES_AGGREGATOR_WORKER_WAKEUP_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace windrow::aggregator {

// Lets one thread sleep until any of several sources has something for it. Thread-safe.
class Wakeup {
 public:
  void Notify() {
    absl::MutexLock lock(&mutex_);
    notified_ = true;
  }

  // Returns once notified since the last Wait, or after `timeout`.
  void Wait(absl::Duration timeout) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&notified_), timeout);
    notified_ = false;
  }

 private:
  absl::Mutex mutex_;
  bool notified_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_WAKEUP_H_
