#ifndef SERVICES_AGGREGATOR_WORKER_WORKER_STATUS_H_
#define SERVICES_AGGREGATOR_WORKER_WORKER_STATUS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/watermark_report.h"
#include "services/aggregator/worker/worker_counts.h"

namespace windrow::aggregator {

enum class WorkerState { kStarting, kRestoring, kRunning, kStopping, kFailed, kBlocked };

// What a worker tells of itself: a copy, made a few times a second.
struct WorkerStatus {
  struct Source {
    // As of the last commit.
    SourcePosition position;
    // When that was; the past while it is what the worker began with.
    absl::Time commit_time = absl::InfinitePast();
    int64_t log_end = -1;
    bool limited = false;
    // Whether it waits for slower ones, so that few windows are open.
    bool waiting = false;
    // Why it is not read any more; empty while it is.
    std::string error;
  };
  struct Merge {
    int partition = 0;
    EventTime closed_through = kNever;
    int64_t drain_generation = 0;
    int64_t open_cells = 0;
    int64_t state_bytes = 0;
    // By the view's index, since the partition was taken up.
    std::vector<uint64_t> windows_closed;
    // Whether it has used up its share of the limit of state.
    bool blocked = false;
    // Offset in partials after the last frame applied, and end of its log; -1 when not known.
    int64_t next_offset = 0;
    int64_t log_end = -1;
    // A second old at most; null at first.
    std::shared_ptr<const MergeWait> wait;
  };

  int slot = 0;
  WorkerState state = WorkerState::kStarting;
  std::string error;
  absl::Time start_time = absl::InfinitePast();
  // When partitions were last taken from it, and when it had last taken up those it was given.
  absl::Time revoked_at = absl::InfinitePast();
  absl::Time taken_up_at = absl::InfinitePast();
  // Records read per second, and processors in use by its thread, over the last second or so.
  double records_per_second = 0;
  double cpu_load = 0;
  std::vector<Source> sources;
  std::vector<Merge> merges;
  WorkerCounts counts;
  // Of the last commits.
  std::vector<absl::Duration> commit_durations;
  // From a record's Kafka timestamp to the commit of its row, of a few of the last records.
  std::vector<absl::Duration> latencies;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_WORKER_STATUS_H_
