#ifndef SERVICES_AGGREGATOR_CORE_EVENT_TIME_FORMAT_H_
#define SERVICES_AGGREGATOR_CORE_EVENT_TIME_FORMAT_H_

#include <string>

namespace windrow::aggregator {

// How the text of an event time is read; see EventTime.Format in pipeline.proto.
struct EventTimeFormat {
  enum class Kind { kIso8601, kEpochSeconds, kEpochMilliseconds, kEpochMicroseconds, kPattern };

  // Whether times are numbers, which know no zone.
  bool is_epoch() const { return kind != Kind::kIso8601 && kind != Kind::kPattern; }

  Kind kind = Kind::kIso8601;
  // IANA name of the zone of times without an offset. Of no meaning for numbers.
  std::string time_zone = "UTC";
  // For kPattern: see TimePattern.
  std::string pattern;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_EVENT_TIME_FORMAT_H_
