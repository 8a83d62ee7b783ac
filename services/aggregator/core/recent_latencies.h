#ifndef SERVICES_AGGREGATOR_CORE_RECENT_LATENCIES_H_
#define SERVICES_AGGREGATOR_CORE_RECENT_LATENCIES_H_

#include <cstddef>
#include <deque>
#include <vector>

#include "absl/time/time.h"

namespace windrow::aggregator {

// Latencies that were measured of late: of the last 10 seconds, at most 2,000. A value of one
// thread.
class RecentLatencies {
 public:
  static constexpr size_t kMost = 2000;
  static constexpr absl::Duration kWindow = absl::Seconds(10);

  void Add(absl::Time now, absl::Duration latency) {
    measured_.push_back({now, latency});
    if (measured_.size() > kMost) measured_.pop_front();
  }

  std::vector<absl::Duration> Get(absl::Time now) {
    while (!measured_.empty() && measured_.front().when < now - kWindow) measured_.pop_front();
    std::vector<absl::Duration> latencies;
    latencies.reserve(measured_.size());
    for (const Measured& one : measured_) latencies.push_back(one.latency);
    return latencies;
  }

 private:
  struct Measured {
    absl::Time when;
    absl::Duration latency;
  };
  std::deque<Measured> measured_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_RECENT_LATENCIES_H_
