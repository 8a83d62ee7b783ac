#ifndef SERVICES_AGGREGATOR_SOURCE_PIPELINE_VIOLATION_H_
#define SERVICES_AGGREGATOR_SOURCE_PIPELINE_VIOLATION_H_

#include <google/protobuf/duration.pb.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// A wrong field of a pipeline or its settings: path ("views[1].window") and what is wrong.
struct PipelineViolation {
  std::string field;
  std::string description;
};

// What is longer than Duration allows (10,000 years) is cut, so that it does not come round to
// something short; fractions of a microsecond are rounded up, so that they do not go unseen.
inline EventSpan ToSpan(const google::protobuf::Duration& duration) {
  constexpr int64_t kMaxSeconds = 315'576'000'000;
  const int64_t seconds = std::min(std::max(duration.seconds(), -kMaxSeconds), kMaxSeconds);
  return seconds * kMicrosPerSecond + (int64_t{duration.nanos()} + 999) / 1000;
}

// Notes `rule` as what is wrong with `field` unless the duration is from `least` to `most`.
inline void CheckDuration(const google::protobuf::Duration& duration, EventSpan least,
                          EventSpan most, const std::string& field, const std::string& rule,
                          std::vector<PipelineViolation>* violations) {
  if (ToSpan(duration) < least || ToSpan(duration) > most || duration.nanos() < 0) {
    violations->push_back({field, rule});
  }
}

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_PIPELINE_VIOLATION_H_
