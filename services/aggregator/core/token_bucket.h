#ifndef SERVICES_AGGREGATOR_CORE_TOKEN_BUCKET_H_
#define SERVICES_AGGREGATOR_CORE_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstdint>

#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// Limits a rate. Holds at most a twentieth of a second's worth and one, so that a pause does not
// turn into a burst and a slow rate is kept too. Time is passed in: microseconds of any monotonic
// clock. A value of one thread.
class TokenBucket {
 public:
  // `per_second` 0 means no limit. Takes effect at once.
  void SetRate(int64_t per_second) {
    if (per_second == per_second_) return;
    per_second_ = per_second;
    tokens_ = 0;
  }

  bool limited() const { return per_second_ > 0; }

  // How many may pass at `now`, at most `wanted`.
  int64_t Available(int64_t now, int64_t wanted) {
    if (!limited()) return wanted;
    const double rate = static_cast<double>(per_second_);
    const double elapsed = static_cast<double>(std::max<int64_t>(0, now - updated_));
    tokens_ = std::min(tokens_ + rate * elapsed / kMicrosPerSecond, rate / 20 + 1);
    updated_ = now;
    return std::min(wanted, static_cast<int64_t>(std::max(0.0, tokens_)));
  }

  // Takes what passed.
  void Take(int64_t count) {
    if (limited()) tokens_ -= static_cast<double>(count);
  }

 private:
  int64_t per_second_ = 0;
  double tokens_ = 0;
  int64_t updated_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_TOKEN_BUCKET_H_
