#ifndef SERVICES_AGGREGATOR_WORKER_REPLICA_LIMIT_H_
#define SERVICES_AGGREGATOR_WORKER_REPLICA_LIMIT_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/aggregator/core/topic_limit.h"

namespace windrow::aggregator {

// The TopicLimit that the workers of a replica share. Thread-safe; without a limit, reading costs
// no lock.
class ReplicaLimit {
 public:
  void SetRates(int64_t records_per_second, int64_t bytes_per_second) {
    absl::MutexLock lock(&mutex_);
    limit_.SetRates(records_per_second, bytes_per_second);
    limited_ = limit_.limited();
  }

  void SetOwned(int worker, int owned, int all) {
    absl::MutexLock lock(&mutex_);
    limit_.SetOwned(worker, owned, all);
  }

  TopicLimit::Grant Acquire(int64_t now, int64_t wanted) {
    if (!limited_) return {wanted, 0};
    absl::MutexLock lock(&mutex_);
    return limit_.Acquire(now, wanted);
  }

  void Settle(const TopicLimit::Grant& grant, int64_t records, int64_t bytes) {
    if (!limited_) return;
    absl::MutexLock lock(&mutex_);
    limit_.Settle(grant, records, bytes);
  }

 private:
  std::atomic<bool> limited_{false};
  absl::Mutex mutex_;
  TopicLimit limit_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_REPLICA_LIMIT_H_
