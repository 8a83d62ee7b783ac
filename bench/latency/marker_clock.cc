#include "bench/latency/marker_clock.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace windrow::bench {

std::string MarkerClock::Send(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  markers_.push_back({now, absl::nullopt});
  return absl::StrCat(prefix_, markers_.size() - 1);
}

void MarkerClock::See(absl::string_view crime_type, absl::Time now) {
  size_t index = 0;
  if (!absl::ConsumePrefix(&crime_type, prefix_) || !absl::SimpleAtoi(crime_type, &index)) return;
  absl::MutexLock lock(&mutex_);
  if (index >= markers_.size() || markers_[index].latency.has_value()) return;
  markers_[index].latency = now - markers_[index].sent;
  ++seen_;
}

int64_t MarkerClock::sent() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int64_t>(markers_.size());
}

int64_t MarkerClock::missing() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int64_t>(markers_.size()) - seen_;
}

std::vector<absl::Duration> MarkerClock::Latencies() const {
  std::vector<absl::Duration> latencies;
  absl::MutexLock lock(&mutex_);
  for (const Marker& marker : markers_) {
    if (marker.latency.has_value()) latencies.push_back(*marker.latency);
  }
  std::sort(latencies.begin(), latencies.end());
  return latencies;
}

absl::Duration Percentile(const std::vector<absl::Duration>& sorted, double share) {
  if (sorted.empty()) return absl::ZeroDuration();
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

}  // namespace windrow::bench
