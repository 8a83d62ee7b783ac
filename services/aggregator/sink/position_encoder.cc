#include "services/aggregator/sink/position_encoder.h"

namespace windrow::aggregator {
namespace {

// As windrow.pipeline.v1.IdlePolicy.AllIdle has them.
int NumberOf(AllIdle all_idle) {
  switch (all_idle) {
    case AllIdle::kWallClock:
      return 1;
    case AllIdle::kCloseAfter:
      return 2;
    case AllIdle::kWait:
      return 3;
  }
  return 0;
}

}  // namespace

void EncodePosition(const SourcePosition& position, windrow::partials::v1::SourcePosition* proto) {
  proto->set_source_partition(position.partition);
  proto->set_source_partitions(position.partitions);
  proto->set_base_offset(position.base_offset);
  proto->set_end_offset(position.end_offset);
  if (position.max_event_time != kNever) proto->set_max_event_time_us(position.max_event_time);
  if (position.watermark != kNever) proto->set_watermark_us(position.watermark);
  proto->set_idle_for_ms(position.idle_for / 1000);
  proto->set_drain_generation(position.drain_generation);
  proto->set_plan_generation(position.plan_generation);
  proto->set_watermark_delay_us(position.watermark_delay);
  if (position.idle_policy.has_value()) {
    auto* policy = proto->mutable_idle_policy();
    policy->set_all_idle(NumberOf(position.idle_policy->all_idle));
    policy->set_idle_timeout_us(position.idle_policy->idle_timeout);
    policy->set_close_after_us(position.idle_policy->close_after);
  }
  auto* counters = proto->mutable_counters();
  counters->set_read(position.counters.read);
  counters->set_dead_lettered(position.counters.dead_lettered);
  counters->set_redelivered(position.counters.redelivered);
  for (const ViewCounters& view : position.counters.views) {
    auto* added = counters->add_views();
    added->set_accepted(view.accepted);
    added->set_filtered(view.filtered);
    added->set_unmatched_join(view.unmatched_join);
    added->set_late_everywhere(view.late_everywhere);
  }
}

}  // namespace windrow::aggregator
