#include "services/producer/core/rate_meter.h"

namespace windrow::producer {
namespace {

constexpr absl::Duration kSpan = absl::Seconds(1);
constexpr absl::Duration kStep = absl::Milliseconds(100);

}  // namespace

void RateMeter::Add(absl::Duration now, int64_t count) {
  if (!samples_.empty() && now - samples_.back().time < kStep) return;
  samples_.push_back({now, count});
  // Keeps one sample that is as old as the span.
  while (samples_.size() > 2 && now - samples_[1].time >= kSpan) samples_.pop_front();
}

double RateMeter::PerSecond() const {
  if (samples_.size() < 2) return 0;
  const double seconds = absl::ToDoubleSeconds(samples_.back().time - samples_.front().time);
  return static_cast<double>(samples_.back().count - samples_.front().count) / seconds;
}

}  // namespace windrow::producer
