#ifndef SERVICES_AGGREGATOR_WORKER_IDLE_WATCH_H_
#define SERVICES_AGGREGATOR_WORKER_IDLE_WATCH_H_

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/worker/live_settings.h"
#include "services/aggregator/worker/source_partition.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/runtime/clock.h"

namespace windrow::aggregator {

// Tells the combiner for how long each source partition has been idle: at the end of the log, with
// nothing undecided behind it, as the broker itself confirms from second to second. A broker that
// is away confirms nothing, so an outage does not count. Used by the worker's thread alone; clock
// and settings outlive it.
class IdleWatch {
 public:
  // `declared` is the pipeline's plan as it was created.
  IdleWatch(std::shared_ptr<const PipelinePlan> declared, const LiveSettings* settings,
            const runtime::Clock* clock)
      : declared_(std::move(declared)), settings_(settings), clock_(clock) {}

  // Looks at all sources, a few times a second; `plan` is the one in force.
  void Update(const PipelinePlan& plan, record_log::GroupConsumer* consumer,
              SourcePartitions* sources, Combiner* combiner);

 private:
  // Longest idleness that can still make a difference to what is closed.
  absl::Duration Horizon(const PipelinePlan& plan) const;
  // `counted_to` is the offset after the last record counted.
  bool Confirm(int partition, int64_t counted_to, absl::Duration horizon,
               record_log::GroupConsumer* consumer, SourcePartition* source) const;

  const std::shared_ptr<const PipelinePlan> declared_;
  const LiveSettings* const settings_;
  const runtime::Clock* const clock_;
  absl::Time next_update_ = absl::InfinitePast();
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_IDLE_WATCH_H_
