#ifndef SERVICES_AGGREGATOR_CORE_WINDOW_CLOSER_H_
#define SERVICES_AGGREGATOR_CORE_WINDOW_CLOSER_H_

#include <cstdint>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Decides how far windows are closed, from nothing but the positions of the source partitions, so
// that every replay of the same positions decides alike. A value of one thread.
class WindowCloser {
 public:
  // `plan` must outlive the closer.
  explicit WindowCloser(const PipelinePlan* plan)
      : plan_(plan), idle_policy_(plan->declared_idle_policy) {}

  // Whether a source has been at its end for `span`; one that is not at its end never has.
  static bool IsIdleFor(EventSpan idle_for, EventSpan span) {
    return idle_for > 0 && idle_for >= span;
  }

  // Takes in a new position of one source. Does not close by itself.
  void Update(const SourcePosition& position);

  // Closes what the positions allow. Call once per frame, after all of its positions.
  void Advance();

  // Windows that end at or before this time are closed; kNever before the first close. Never falls.
  EventTime closed_through() const { return closed_through_; }

  // Windows that end at or before this time can no longer change: every source's own watermark has
  // passed them, or they are further behind closed_through than the correction horizon. Never falls
  // either: a partition added later cannot change what has been forgotten since.
  EventTime unchangeable_through() const { return unchangeable_through_; }

  // The one that was named with the highest plan generation so far.
  const IdlePolicy& idle_policy() const { return idle_policy_; }

  // Generation of the last drain carried out.
  int64_t drain_generation() const { return drain_generation_; }

  // Gaps and overlaps between one position of a source and the next; anything but 0 is a fault.
  uint64_t discontinuities() const { return discontinuities_; }

  // Last position of each source, nullopt where none has been heard of.
  const std::vector<absl::optional<SourcePosition>>& sources() const { return sources_; }

  // End of the last window, of any view, that holds the largest event time of any source, as far as
  // it alone tells.
  EventTime LastEnd() const;

  // Takes over the state of a snapshot.
  void Restore(const std::vector<SourcePosition>& sources, EventTime closed_through,
               EventTime unchangeable_through, int64_t drain_generation, uint64_t discontinuities);

 private:
  // Time that an advance may close through when sources behave as they do now; kNever for none.
  EventTime Allowed() const;
  EventTime NewlyUnchangeable() const;
  EventTime AllowedWhenAllIdle() const;
  bool AllHeardOf() const;
  void NotePolicy(const SourcePosition& position);

  const PipelinePlan* plan_;
  IdlePolicy idle_policy_;
  int64_t policy_generation_ = 0;
  std::vector<absl::optional<SourcePosition>> sources_;
  EventTime closed_through_ = kNever;
  EventTime unchangeable_through_ = kNever;
  int64_t drain_generation_ = 0;
  uint64_t discontinuities_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_WINDOW_CLOSER_H_
