#ifndef BENCH_LATENCY_MARKER_CLOCK_H_
#define BENCH_LATENCY_MARKER_CLOCK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace windrow::bench {

// When each marker went out, and how long it took to be seen. A marker is a crime type that no call
// has, so that one row of the results, and one alone, tells of it. Thread-safe.
class MarkerClock {
 public:
  // Markers of other runs of the same name would be taken for ours: `run` tells them apart. It
  // holds no quote and no backslash.
  explicit MarkerClock(std::string run) : prefix_("marker " + std::move(run) + " ") {}

  // What all markers begin with.
  const std::string& prefix() const { return prefix_; }

  // The next marker, which goes out now.
  std::string Send(absl::Time now);

  // Says that a row of this crime type was seen; the first time counts.
  void See(absl::string_view crime_type, absl::Time now);

  // Markers sent, and those not seen yet.
  int64_t sent() const;
  int64_t missing() const;

  // Of the markers seen, shortest first.
  std::vector<absl::Duration> Latencies() const;

 private:
  struct Marker {
    absl::Time sent;
    absl::optional<absl::Duration> latency;
  };

  const std::string prefix_;
  mutable absl::Mutex mutex_;
  std::vector<Marker> markers_ ABSL_GUARDED_BY(mutex_);
  int64_t seen_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The value that `share` (0 to 1) of the sorted values do not exceed; zero when there are none.
absl::Duration Percentile(const std::vector<absl::Duration>& sorted, double share);

}  // namespace windrow::bench

#endif  // BENCH_LATENCY_MARKER_CLOCK_H_
