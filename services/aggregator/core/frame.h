#ifndef SERVICES_AGGREGATOR_CORE_FRAME_H_
#define SERVICES_AGGREGATOR_CORE_FRAME_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/core/aggregate_state.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/idle_policy.h"

namespace windrow::aggregator {

// Version of the records of partials and snapshots; readers refuse a larger one.
inline constexpr uint32_t kFormatVersion = 1;

// Cumulative counts of one view of one source partition.
struct ViewCounters {
  uint64_t accepted = 0;
  uint64_t filtered = 0;
  uint64_t unmatched_join = 0;
  uint64_t late_everywhere = 0;

  bool operator==(const ViewCounters& other) const {
    return accepted == other.accepted && filtered == other.filtered &&
           unmatched_join == other.unmatched_join && late_everywhere == other.late_everywhere;
  }
};

// Cumulative counts of one source partition.
struct SourceCounters {
  uint64_t read = 0;
  uint64_t dead_lettered = 0;
  uint64_t redelivered = 0;
  std::vector<ViewCounters> views;

  bool operator==(const SourceCounters& other) const {
    return read == other.read && dead_lettered == other.dead_lettered &&
           redelivered == other.redelivered && views == other.views;
  }
};

// Where a source partition stands: all that combine must remember of it between two commits, and
// all that merge needs to know of it to close windows.
struct SourcePosition {
  int partition = 0;
  // Partitions of the source topic, as the owner sees it.
  int partitions = 0;
  // Where the batch began, and the offset after the last record read.
  int64_t base_offset = 0;
  int64_t end_offset = 0;
  EventTime max_event_time = kNever;
  // Largest of max_event_time - watermark_delay after each of its records; never decreases.
  EventTime watermark = kNever;
  // How long the partition has been at the end of its log, by its owner's clock; 0 when it is not.
  EventSpan idle_for = 0;
  // Generation of the last drain request whose end it has reached.
  int64_t drain_generation = 0;
  // PipelinePlan::plan_generation for the records from base_offset to end_offset.
  int64_t plan_generation = 0;
  // Of those records, too.
  EventSpan watermark_delay = 0;
  // In force as of plan_generation; nullopt for the one that the pipeline declares.
  absl::optional<IdlePolicy> idle_policy;
  SourceCounters counters;
};

// What one batch adds to one pane of one group. `cut` is the end of the pane's last window that was
// already late for the source: the records count only in windows that end after it. In a view of
// sessions, what it adds to one session: `pane` is the event time of its first record, and the last
// is `span` after it.
struct DeltaCell {
  int64_t pane = 0;
  uint32_t group = 0;
  EventTime cut = kNever;
  uint64_t accepted = 0;
  EventSpan span = 0;
  // Null in a view whose aggregates have no state.
  SharedStates states;
};

// Start of the ledger row that takes the late records of windows older than the ledger keeps, and
// of sessions.
inline constexpr EventTime kOlderWindows = kNever;

// Records that were late for one window.
struct LateCount {
  EventTime window_start = 0;
  uint64_t records = 0;
};

// What one batch adds to one view; cells index into groups (encoded keys).
struct ViewDelta {
  int view = 0;
  std::vector<std::string> groups;
  std::vector<DeltaCell> cells;
  std::vector<LateCount> late;
};

// The share of one batch that belongs to one merge partition: a record of the log `partials`.
struct Frame {
  std::vector<ViewDelta> views;
  std::vector<SourcePosition> positions;
  // Kafka timestamps, milliseconds since 1970, of a few of the batch's records; only latencies are
  // measured by them.
  std::vector<int64_t> record_times_ms;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_FRAME_H_
