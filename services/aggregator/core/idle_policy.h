#ifndef SERVICES_AGGREGATOR_CORE_IDLE_POLICY_H_
#define SERVICES_AGGREGATOR_CORE_IDLE_POLICY_H_

#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// What may close windows once every source partition is idle.
enum class AllIdle { kWallClock, kCloseAfter, kWait };

// What closes windows when partitions stay empty.
struct IdlePolicy {
  // A partition idle for this long no longer holds the others' windows open.
  EventSpan idle_timeout = 30 * kMicrosPerSecond;
  AllIdle all_idle = AllIdle::kWallClock;
  // For kCloseAfter: how long all must be idle.
  EventSpan close_after = 30 * kMicrosPerSecond;

  bool operator==(const IdlePolicy& other) const {
    return idle_timeout == other.idle_timeout && all_idle == other.all_idle &&
           close_after == other.close_after;
  }
  bool operator!=(const IdlePolicy& other) const { return !(*this == other); }
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_IDLE_POLICY_H_
