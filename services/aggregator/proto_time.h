#ifndef SERVICES_AGGREGATOR_PROTO_TIME_H_
#define SERVICES_AGGREGATOR_PROTO_TIME_H_

#include <cstdint>

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// Times and durations as Protobuf has them.

inline void SetTime(EventTime time, google::protobuf::Timestamp* proto) {
  const int64_t seconds = FloorDivide(time, kMicrosPerSecond);
  proto->set_seconds(seconds);
  proto->set_nanos(static_cast<int32_t>(time - seconds * kMicrosPerSecond) * 1000);
}

inline void SetTime(absl::Time time, google::protobuf::Timestamp* proto) {
  SetTime(absl::ToUnixMicros(time), proto);
}

inline absl::Time ToTime(const google::protobuf::Timestamp& proto) {
  return absl::FromUnixSeconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

inline void SetDuration(absl::Duration duration, google::protobuf::Duration* proto) {
  const int64_t nanos = absl::ToInt64Nanoseconds(duration);
  proto->set_seconds(nanos / 1'000'000'000);
  proto->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
}

inline absl::Duration ToDuration(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_PROTO_TIME_H_
