#ifndef SERVICES_AGGREGATOR_WORKER_SHARED_ALIGNMENT_H_
#define SERVICES_AGGREGATOR_WORKER_SHARED_ALIGNMENT_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/aggregator/core/source_alignment.h"

namespace windrow::aggregator {

// How far source partitions are and may go, as all workers of one pipeline in a replica share it.
// Thread-safe.
class SharedAlignment {
 public:
  struct Source {
    int partition = 0;
    EventTime max_event_time = kNever;
    bool has_more = false;
    // Used of what other replicas say.
    int64_t end_offset = 0;
  };

  // Takes what a worker reads, and returns up to which event time it may go on.
  EventTime Exchange(const std::vector<Source>& own, absl::Time now) {
    const int64_t now_us = absl::ToUnixMicros(now);
    absl::MutexLock lock(&mutex_);
    for (const Source& source : own) {
      alignment_.Own(source.partition, source.max_event_time, source.has_more, now_us);
    }
    return alignment_.Limit(now_us);
  }

  // Takes what other replicas said last, by partition.
  void Hear(const std::map<int, Source>& others, absl::Time now) {
    const int64_t now_us = absl::ToUnixMicros(now);
    absl::MutexLock lock(&mutex_);
    for (const auto& entry : others) {
      const Source& source = entry.second;
      alignment_.Other(source.partition, source.end_offset, source.max_event_time, source.has_more,
                       now_us);
    }
  }

 private:
  absl::Mutex mutex_;
  SourceAlignment alignment_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_SHARED_ALIGNMENT_H_
