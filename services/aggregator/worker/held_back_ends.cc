#include "services/aggregator/worker/held_back_ends.h"

#include <cstddef>

#include "services/aggregator/worker/broker_timeouts.h"

namespace windrow::aggregator {
namespace {

constexpr absl::Duration kUpdateInterval = absl::Seconds(1);

}  // namespace

void HeldBackEnds::Update(absl::Time now, bool paused, record_log::GroupConsumer* consumer,
                          SourcePartitions* sources) {
  if (now < next_update_) return;
  next_update_ = now + kUpdateInterval;
  auto next = sources->upper_bound(asked_last_);
  for (size_t i = 0; i < sources->size(); ++i, ++next) {
    if (next == sources->end()) next = sources->begin();
    if (!paused && !next->second.limited && !next->second.waiting) continue;
    asked_last_ = next->first;
    const auto range = consumer->QueryOffsets({source_topic_, next->first}, kQueryTimeout);
    if (!range.ok()) return;
    next->second.queried_end = range->second;
    if (!paused) return;
  }
}

}  // namespace windrow::aggregator
