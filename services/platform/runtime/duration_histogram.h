#ifndef SERVICES_PLATFORM_RUNTIME_DURATION_HISTOGRAM_H_
#define SERVICES_PLATFORM_RUNTIME_DURATION_HISTOGRAM_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace windrow::runtime {

// Counts durations by size, from 1 ms to 10 s. A plain value.
class DurationHistogram {
 public:
  static constexpr size_t kBounds = 13;
  using Bounds = std::array<absl::Duration, kBounds>;

  // Upper bounds of the buckets; longer ones are only in count().
  static const Bounds& bounds() {
    static const Bounds& bounds =
        *new Bounds{absl::Milliseconds(1),   absl::Microseconds(2500), absl::Milliseconds(5),
                    absl::Milliseconds(10),  absl::Milliseconds(25),   absl::Milliseconds(50),
                    absl::Milliseconds(100), absl::Milliseconds(250),  absl::Milliseconds(500),
                    absl::Seconds(1),        absl::Milliseconds(2500), absl::Seconds(5),
                    absl::Seconds(10)};
    return bounds;
  }

  void Add(absl::Duration duration) {
    const auto bound = std::lower_bound(bounds().begin(), bounds().end(), duration);
    if (bound != bounds().end()) ++counts_[bound - bounds().begin()];
    ++count_;
    sum_ += duration;
  }

  void Add(const DurationHistogram& other) {
    for (size_t i = 0; i < kBounds; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
  }

  // By bucket, each for itself.
  const std::array<uint64_t, kBounds>& counts() const { return counts_; }
  uint64_t count() const { return count_; }
  absl::Duration sum() const { return sum_; }

 private:
  std::array<uint64_t, kBounds> counts_{};
  uint64_t count_ = 0;
  absl::Duration sum_;
};

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_DURATION_HISTOGRAM_H_
