#ifndef SERVICES_AGGREGATOR_WORKER_SOURCE_PARTITION_H_
#define SERVICES_AGGREGATOR_WORKER_SOURCE_PARTITION_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/token_bucket.h"

namespace windrow::aggregator {

// A source partition that a worker reads, as SourceReader, IdleWatch, DrainWatch and HeldBackEnds
// know it together; how far it has been counted is the Combiner's to say. A value of the worker's
// thread.
struct SourcePartition {
  TokenBucket limiter;
  bool limited = false;
  // For slower ones, of this worker or another.
  bool waiting = false;
  // Offset at which the log last ended for us; -1 when records came since.
  int64_t end_of_log = -1;
  // When idleness began, and when it was last confirmed by the broker.
  absl::Time idle_since = absl::InfiniteFuture();
  absl::Time idle_confirmed = absl::InfinitePast();
  // Drain request in work, and the offset at which it is done.
  int64_t drain_generation = 0;
  int64_t drain_target = -1;
  SourcePosition committed;
  // When that was; the past while it is what the worker began with.
  absl::Time commit_time = absl::InfinitePast();
  // Why it is not read any more; empty while it is.
  std::string error;
  // End of the log as the broker says, while it is held back and so not fetched.
  int64_t queried_end = -1;
};

// By number.
using SourcePartitions = std::map<int, SourcePartition>;

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_SOURCE_PARTITION_H_
