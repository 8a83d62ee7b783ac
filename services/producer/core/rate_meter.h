#ifndef SERVICES_PRODUCER_CORE_RATE_METER_H_
#define SERVICES_PRODUCER_CORE_RATE_METER_H_

#include <cstdint>
#include <deque>

#include "absl/time/time.h"

namespace windrow::producer {

// Records per second over about the last second, from samples of a counter. Pure: `now` is the time
// of any monotonic clock. Holds a dozen samples. Not thread-safe.
class RateMeter {
 public:
  // Cheap to call often: samples closer than a tenth of a second to the last one are ignored.
  void Add(absl::Duration now, int64_t count);

  // 0 before there are two samples.
  double PerSecond() const;

 private:
  struct Sample {
    absl::Duration time;
    int64_t count;
  };
  std::deque<Sample> samples_;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_RATE_METER_H_
