#include "services/aggregator/core/source_alignment.h"

#include <algorithm>

namespace windrow::aggregator {
namespace {

// Others tell about once a second, not to the millisecond.
constexpr EventSpan kSampleInterval = 900'000;
// What a worker said itself counts for more than what another replica said before it gave the
// partition up.
constexpr EventSpan kOwnIsNewest = 2 * kMicrosPerSecond;

}  // namespace

void SourceAlignment::Own(int partition, EventTime max_event_time, bool has_more, int64_t now_us) {
  Known& known = known_[partition];
  known.own = true;
  known.has_more = has_more;
  known.heard_us = now_us;
  Move(max_event_time, now_us, &known);
}

void SourceAlignment::Other(int partition, int64_t end_offset, EventTime max_event_time,
                            bool has_more, int64_t now_us) {
  Known& known = known_[partition];
  if (known.own && now_us - known.heard_us < kOwnIsNewest) return;
  const bool moved = known.own || end_offset != known.end_offset || has_more != known.has_more;
  known.own = false;
  known.end_offset = end_offset;
  known.has_more = has_more;
  if (!moved) return;
  known.heard_us = now_us;
  Move(max_event_time, now_us, &known);
}

void SourceAlignment::Move(EventTime max_event_time, int64_t now_us, Known* known) {
  known->max_event_time = max_event_time;
  if (known->sample == kNever || max_event_time < known->sample) {
    known->sample = max_event_time;
    known->sample_us = now_us;
    known->advance = 0;
  } else if (now_us - known->sample_us >= kSampleInterval) {
    known->advance = max_event_time - known->sample;
    known->sample = max_event_time;
    known->sample_us = now_us;
  }
}

EventSpan SourceAlignment::Lead(const Known& known) {
  const EventSpan now = known.sample == kNever ? 0 : known.max_event_time - known.sample;
  return std::max(kLeastLead, 2 * std::max(known.advance, now));
}

EventTime SourceAlignment::Limit(int64_t now_us) const {
  const Known* slowest = nullptr;
  for (const auto& entry : known_) {
    const Known& known = entry.second;
    if (!known.has_more || now_us - known.heard_us >= kSilence) continue;
    if (slowest == nullptr || known.max_event_time < slowest->max_event_time) slowest = &known;
  }
  if (slowest == nullptr) return kNoLimit;
  // Nobody knows yet where it begins.
  if (slowest->max_event_time == kNever) return kNever;
  return slowest->max_event_time + Lead(*slowest);
}

}  // namespace windrow::aggregator
