#ifndef SERVICES_AGGREGATOR_CORE_EVENT_TIME_H_
#define SERVICES_AGGREGATOR_CORE_EVENT_TIME_H_

#include <cstdint>
#include <limits>

namespace windrow::aggregator {

// Event time: microseconds since 1970-01-01T00:00:00Z. A plain integer, since it is computed with
// for every record. Covers the years -290,000 to 290,000; parsers accept 0001 to 9999 only, so
// that no sum below overflows.
using EventTime = int64_t;

// Length in event time, microseconds.
using EventSpan = int64_t;

inline constexpr EventSpan kMicrosPerSecond = 1'000'000;
inline constexpr EventSpan kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr EventSpan kMicrosPerHour = 60 * kMicrosPerMinute;
inline constexpr EventSpan kMicrosPerDay = 24 * kMicrosPerHour;

// Before every event: a watermark or a close that has not happened.
inline constexpr EventTime kNever = std::numeric_limits<EventTime>::min();

// A record's Kafka timestamp in milliseconds as a time: kNever for a negative one, since -1 stands
// for none and brokers take no other; what lies beyond the year 100,000 is cut, so that differences
// do not overflow.
inline constexpr EventTime RecordTimestamp(int64_t milliseconds) {
  constexpr int64_t kMost = int64_t{98'000} * 366 * kMicrosPerDay / 1000;
  if (milliseconds < 0) return kNever;
  return (milliseconds < kMost ? milliseconds : kMost) * 1000;
}

// floor(value / divisor) for a positive divisor: dates before 1970 belong to the window below.
inline constexpr int64_t FloorDivide(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return quotient * divisor > value ? quotient - 1 : quotient;
}

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_EVENT_TIME_H_
