#ifndef SERVICES_AGGREGATOR_CORE_SOURCE_ALIGNMENT_H_
#define SERVICES_AGGREGATOR_CORE_SOURCE_ALIGNMENT_H_

#include <cstdint>
#include <limits>
#include <map>

#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// How far ahead a source partition may be read, given how far all others are, whoever reads them:
// windows stay open until the slowest partition has passed them, so what a fast one reads far ahead
// of it only takes memory. It never decides which records count, and the slowest one can always go
// on. Times are microseconds of one clock, event times those of the records. A value of one thread.
class SourceAlignment {
 public:
  // Partitions go on within this distance of the slowest one, whatever its pace.
  static constexpr EventSpan kLeastLead = kMicrosPerHour;
  // A partition that nothing has been heard of for so long holds none back.
  static constexpr EventSpan kSilence = 5 * kMicrosPerSecond;
  static constexpr EventTime kNoLimit = std::numeric_limits<EventTime>::max();

  // What a worker of this process knows of a partition that it reads. `has_more` unless it is at
  // the end of its log, or cannot be read.
  void Own(int partition, EventTime max_event_time, bool has_more, int64_t now_us);

  // What another replica said last of one that it reads; heard of only where it has moved, since it
  // says the same until its next commit.
  void Other(int partition, int64_t end_offset, EventTime max_event_time, bool has_more,
             int64_t now_us);

  // Largest event time up to which a partition may be read now: the least of those that have more,
  // and as much beyond it as that one advances in two seconds, at least kLeastLead.
  EventTime Limit(int64_t now_us) const;

 private:
  struct Known {
    EventTime max_event_time = kNever;
    int64_t end_offset = -1;
    bool has_more = false;
    int64_t heard_us = 0;
    bool own = false;
    // Where it was when the present second began, and how far it came in the one before.
    EventTime sample = kNever;
    int64_t sample_us = 0;
    EventSpan advance = 0;
  };

  static void Move(EventTime max_event_time, int64_t now_us, Known* known);
  static EventSpan Lead(const Known& known);

  std::map<int, Known> known_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_SOURCE_ALIGNMENT_H_
