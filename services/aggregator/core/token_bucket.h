#ifndef SERVICES_AGGREGATOR_CORE_TOKEN_BUCKET_H_
#define SERVICES_AGGREGATOR_CORE_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstdint>

#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// Limits a rate. Holds at most a quarter of a second's worth and one, so that a pause does not turn
// into a burst, a reader that is kept busy for a moment loses nothing, and a slow rate is kept too.
// Time is passed in: microseconds of any monotonic clock. A value of one thread.
class TokenBucket {
 public:
  // `per_second` 0 means no limit. Takes effect at once.
  void SetRate(double per_second) {
    if (per_second == per_second_) return;
    per_second_ = per_second;
    tokens_ = 0;
  }
  // The same, but what has been saved or is owed stays.
  void AdjustRate(double per_second) { per_second_ = per_second; }

  bool limited() const { return per_second_ > 0; }

  // How many may pass at `now`, at most `wanted`.
  int64_t Available(int64_t now, int64_t wanted) {
    if (!limited()) return wanted;
    const double elapsed = static_cast<double>(std::max<int64_t>(0, now - updated_));
    tokens_ = std::min(tokens_ + per_second_ * elapsed / kMicrosPerSecond, per_second_ / 4 + 1);
    updated_ = now;
    return std::min(wanted, static_cast<int64_t>(std::max(0.0, tokens_)));
  }

  // Takes what passed; a negative number gives back.
  void Take(int64_t count) {
    if (limited()) tokens_ -= static_cast<double>(count);
  }

 private:
  double per_second_ = 0;
  double tokens_ = 0;
  int64_t updated_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_TOKEN_BUCKET_H_
