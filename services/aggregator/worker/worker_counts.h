#ifndef SERVICES_AGGREGATOR_WORKER_WORKER_COUNTS_H_
#define SERVICES_AGGREGATOR_WORKER_WORKER_COUNTS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "services/aggregator/core/combiner.h"
#include "services/platform/runtime/duration_histogram.h"

namespace windrow::aggregator {

// What one worker has done since it started, or several together. A value.
struct WorkerCounts {
  int64_t records_processed = 0;
  int64_t rows_written = 0;
  int64_t commits = 0;
  int64_t aborts = 0;
  // Times that it was given partitions.
  int64_t rebalances = 0;
  // Records that could not be counted, by DeadLetterReason; again when they were read again.
  std::array<int64_t, kDeadLetterReasons> dead_letters{};
  // Of all commits.
  runtime::DurationHistogram transaction_durations;

  void Add(const WorkerCounts& other) {
    records_processed += other.records_processed;
    rows_written += other.rows_written;
    commits += other.commits;
    aborts += other.aborts;
    rebalances += other.rebalances;
    for (size_t i = 0; i < dead_letters.size(); ++i) dead_letters[i] += other.dead_letters[i];
    transaction_durations.Add(other.transaction_durations);
  }
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_WORKER_COUNTS_H_
