#include "services/aggregator/worker/drain_watch.h"

#include <algorithm>
#include <cstdint>

#include "services/aggregator/worker/broker_timeouts.h"

namespace windrow::aggregator {

void DrainWatch::Update(record_log::GroupConsumer* consumer, SourcePartitions* sources,
                        Combiner* combiner) const {
  // What is held is not at its end.
  if (settings_->paused) return;
  const int64_t generation = settings_->drain_generation;
  for (auto& entry : *sources) {
    SourcePartition& source = entry.second;
    const SourcePosition& position = *combiner->position(entry.first);
    if (position.drain_generation >= generation || !source.error.empty()) continue;
    if (source.drain_generation != generation) {
      const auto range = consumer->QueryOffsets({source_topic_, entry.first}, kQueryTimeout);
      if (!range.ok()) continue;
      source.drain_generation = generation;
      source.drain_target = range->second;
    }
    if (std::max(position.end_offset, source.end_of_log) >= source.drain_target) {
      combiner->SetDrained(entry.first, generation);
    }
  }
}

}  // namespace windrow::aggregator
