#include "services/aggregator/worker/idle_watch.h"

#include <algorithm>

#include "services/aggregator/core/idle_policy.h"
#include "services/aggregator/worker/broker_timeouts.h"

namespace windrow::aggregator {
namespace {

constexpr absl::Duration kUpdateInterval = absl::Milliseconds(250);
constexpr absl::Duration kConfirmationInterval = absl::Seconds(1);
// Two confirmations further apart than this say nothing of the time between them.
constexpr absl::Duration kConfirmationGap = absl::Seconds(3);

}  // namespace

absl::Duration IdleWatch::Horizon(const PipelinePlan& plan) const {
  const IdlePolicy& policy = plan.idle_policy;
  EventSpan horizon = policy.idle_timeout;
  if (policy.all_idle == AllIdle::kCloseAfter) horizon = std::max(horizon, policy.close_after);
  if (policy.all_idle == AllIdle::kWallClock) {
    // A watermark may still be as far behind as an earlier delay has left it.
    const EventSpan delay = std::max<EventSpan>(
        {declared_->watermark_delay, plan.watermark_delay, settings_->max_watermark_delay_us});
    for (const ViewPlan& view : plan.views) {
      horizon = std::max(horizon, delay + view.longest_span());
    }
  }
  return absl::Microseconds(horizon) + absl::Seconds(2);
}

void IdleWatch::Update(const PipelinePlan& plan, record_log::GroupConsumer* consumer,
                       SourcePartitions* sources, Combiner* combiner) {
  const absl::Time now = clock_->Now();
  if (now < next_update_) return;
  next_update_ = now + kUpdateInterval;
  const absl::Duration horizon = Horizon(plan);
  for (auto& entry : *sources) {
    SourcePartition& source = entry.second;
    if (!source.error.empty()) continue;
    const int64_t counted_to = combiner->position(entry.first)->end_offset;
    if (!Confirm(entry.first, counted_to, horizon, consumer, &source)) {
      source.idle_since = absl::InfiniteFuture();
      combiner->SetIdleFor(entry.first, 0);
      continue;
    }
    // Whole seconds, so that idleness is reported once a second; no more than can matter, so that
    // an idle pipeline comes to rest.
    const absl::Duration idle_for =
        std::clamp(source.idle_confirmed - source.idle_since, absl::ZeroDuration(), horizon);
    combiner->SetIdleFor(entry.first, absl::ToInt64Seconds(idle_for) * kMicrosPerSecond);
  }
}

bool IdleWatch::Confirm(int partition, int64_t counted_to, absl::Duration horizon,
                        record_log::GroupConsumer* consumer, SourcePartition* source) const {
  if (settings_->paused) return false;
  const record_log::TopicPartition name(declared_->source_topic, partition);
  if (source->end_of_log < counted_to || consumer->LogEnd(name) > source->end_of_log) return false;
  const bool was_idle = source->idle_since != absl::InfiniteFuture();
  if (was_idle && source->idle_confirmed - source->idle_since > horizon) return true;
  if (clock_->Now() - source->idle_confirmed < kConfirmationInterval) return was_idle;
  const auto range = consumer->QueryOffsets(name, kQueryTimeout);
  if (!range.ok() || range->second > source->end_of_log) return false;
  const absl::Time confirmed = clock_->Now();
  if (!was_idle || confirmed - source->idle_confirmed > kConfirmationGap) {
    source->idle_since = confirmed;
  }
  source->idle_confirmed = confirmed;
  return true;
}

}  // namespace windrow::aggregator
