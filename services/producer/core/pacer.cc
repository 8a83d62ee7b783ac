#include "services/producer/core/pacer.h"

#include <algorithm>

namespace windrow::producer {

Pacer::Pacer(const Pace& pace, absl::Duration now) { SetPace(pace, now); }

void Pacer::SetPace(const Pace& pace, absl::Duration now) {
  pace_ = pace;
  if (pace.kind == Pace::Kind::kRecordsPerSecond) distance_ = absl::Seconds(1) / pace.value;
  Anchor(now);
}

void Pacer::Resume(absl::Duration now) { Anchor(now); }

void Pacer::Anchor(absl::Duration now) {
  // The next record keeps its distance from the last one, so that changing the pace again and again
  // does not get records through.
  due_ = last_sent_.has_value() ? std::max(now, *last_sent_ + distance_) : now;
  anchor_time_ = now;
  anchor_event_us_ = max_event_us_;
}

absl::Duration Pacer::DueByEventTime(int64_t event_time_us) const {
  const double event_seconds = static_cast<double>(event_time_us - *anchor_event_us_) * 1e-6;
  return anchor_time_ + absl::Seconds(event_seconds / pace_.value);
}

absl::Duration Pacer::Delay(absl::Duration now, std::optional<int64_t> event_time_us) {
  switch (pace_.kind) {
    case Pace::Kind::kUnlimited:
      return absl::ZeroDuration();
    case Pace::Kind::kRecordsPerSecond:
      return std::max(absl::ZeroDuration(), due_ - now);
    case Pace::Kind::kSpeedup:
      if (!event_time_us.has_value() || !anchor_event_us_.has_value()) return absl::ZeroDuration();
      return std::max(absl::ZeroDuration(), DueByEventTime(*event_time_us) - now);
  }
  return absl::ZeroDuration();
}

void Pacer::Sent(absl::Duration now, std::optional<int64_t> event_time_us) {
  last_sent_ = now;
  if (pace_.kind == Pace::Kind::kRecordsPerSecond) {
    due_ = std::max(due_, now - kMaxCatchUp) + distance_;
  }
  if (!event_time_us.has_value()) return;
  if (max_event_us_.has_value() && *event_time_us <= *max_event_us_) return;
  max_event_us_ = event_time_us;
  if (pace_.kind != Pace::Kind::kSpeedup) return;
  if (!anchor_event_us_.has_value()) {
    anchor_event_us_ = event_time_us;
    anchor_time_ = now;
    return;
  }
  const absl::Duration behind = now - DueByEventTime(*event_time_us);
  if (behind > kMaxCatchUp) anchor_time_ += behind - kMaxCatchUp;
}

}  // namespace windrow::producer
