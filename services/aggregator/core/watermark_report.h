#ifndef SERVICES_AGGREGATOR_CORE_WATERMARK_REPORT_H_
#define SERVICES_AGGREGATOR_CORE_WATERMARK_REPORT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Why a source partition does not let windows close.
enum class HoldCause {
  // No frame has named it: nobody has read it yet.
  kNeverHeardOf,
  // Its owner cannot read on, and says why.
  kFailed,
  // Its owner is still starting or restoring.
  kStarting,
  // It has records that a rate limit keeps from being read.
  kLimited,
  // It has records that are not read and committed yet.
  kBehind,
  // It is at the end of its log, but not for idle_timeout yet.
  kAtItsEnd,
  // Nobody who is alive says that he reads it.
  kReadElsewhere,
  // The pipeline is held.
  kPaused,
};

// What a merge partition knows of one source.
struct SourceMark {
  EventTime watermark = kNever;
  // At its end for idle_timeout: holds nothing back.
  bool idle = false;
};

// The windows of one view that have records and would be closed if no source held them back.
struct BlockedWindows {
  // Their ends, rising; those of sessions may repeat. At most kMost, the oldest ones.
  std::vector<EventTime> ends;
  bool more = false;

  static constexpr size_t kMost = 1000;
};

// What one merge partition waits for. A value that a worker makes of its merger.
struct MergeWait {
  EventTime closed_through = kNever;
  // By source partition; nullopt where none has been heard of.
  std::vector<absl::optional<SourceMark>> sources;
  // By view.
  std::vector<BlockedWindows> views;
};

MergeWait WaitOf(const PipelinePlan& plan, const Merger& merger);

// What the owner of a source partition tells of it.
struct SourceFacts {
  // Name of the replica that reads it.
  std::string replica;
  bool running = false;
  bool limited = false;
  bool paused = false;
  int64_t lag_records = 0;
  // Why it cannot be read on; empty while it can.
  std::string error;
};

// A source partition that holds windows back.
struct WatermarkHold {
  int partition = 0;
  HoldCause cause = HoldCause::kBehind;
  // Its own watermark, and the largest of any partition.
  EventTime watermark = kNever;
  EventTime leading = kNever;
  // Clock of the caller at which it began to hold back, and at which its watermark last rose, as
  // far as has been watched.
  int64_t since_us = 0;
  int64_t last_advance_us = 0;
  int64_t lag_records = 0;
  std::string error;
  // Name of the replica that reads it; empty when nobody does.
  std::string replica;
};

// Who holds the windows of a pipeline back, and which.
struct WatermarkReport {
  // False while this replica owns no merge partition: it then does not know which windows wait.
  bool known = false;
  // That of the merge partition that is furthest behind.
  EventTime closed_through = kNever;
  // Every source is idle: what closes the last windows is the pipeline's idle_policy.
  bool all_idle = false;
  std::vector<WatermarkHold> holds;
  // Why a merge partition does not go on, whatever its sources do; empty while all do.
  std::string merge_error;
  // By view, all merge partitions together.
  std::vector<BlockedWindows> views;
};

// Makes reports of what is observed from time to time, and remembers since when it has been so. A
// value of one thread.
class WatermarkWatch {
 public:
  explicit WatermarkWatch(const PipelinePlan* plan) : plan_(plan) {}

  // `merges` of this replica; while it has none, what can be told from the sources alone is in
  // `elsewhere`, without views. `facts` by source partition, `now_us` of the wall clock.
  WatermarkReport Observe(const std::vector<MergeWait>& merges,
                          const std::map<int, SourceFacts>& facts, int64_t now_us,
                          const absl::optional<MergeWait>& elsewhere = absl::nullopt);

 private:
  struct Advance {
    EventTime watermark = kNever;
    int64_t at_us = 0;
  };

  WatermarkHold MakeHold(int partition, const MergeWait& wait,
                         const std::map<int, SourceFacts>& facts, int64_t now_us) const;
  void NoteAdvances(const MergeWait& wait, int64_t now_us);

  const PipelinePlan* plan_;
  std::map<int, Advance> advances_;
  // Since when each of those that hold back now has done so.
  std::map<int, int64_t> since_us_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_WATERMARK_REPORT_H_
