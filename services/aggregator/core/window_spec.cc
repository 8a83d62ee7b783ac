#include "services/aggregator/core/window_spec.h"

#include <algorithm>
#include <numeric>

#include "absl/status/status.h"

namespace windrow::aggregator {

absl::StatusOr<WindowSpec> WindowSpec::Create(EventSpan size, EventSpan slide, EventSpan offset) {
  constexpr EventSpan kMillisecond = 1000;
  if (size < kMinSize || size > kMaxSize) {
    return absl::InvalidArgumentError("size must be from 1 second to 400 days");
  }
  if (slide <= 0 || slide > size) {
    return absl::InvalidArgumentError("slide must be more than zero and at most size");
  }
  if (offset < 0 || offset >= slide) {
    return absl::InvalidArgumentError("offset must be zero or more and less than slide");
  }
  if (size % kMillisecond != 0 || slide % kMillisecond != 0 || offset % kMillisecond != 0) {
    return absl::InvalidArgumentError("size, slide and offset must be whole milliseconds");
  }
  const EventSpan pane_length = std::gcd(size, slide);
  if (pane_length < kMicrosPerSecond || size / pane_length > kMaxPanesPerWindow) {
    return absl::InvalidArgumentError(
        "size and slide must share a divisor of at least 1 second and of at least 1/1440 of size");
  }
  return WindowSpec(size, slide, offset, pane_length);
}

EventTime WindowSpec::CutOf(int64_t pane, EventTime watermark) const {
  const EventTime first_end = FirstWindowEnd(pane);
  if (watermark == kNever || first_end > watermark) return kNever;
  const EventTime passed = first_end + FloorDivide(watermark - first_end, slide_) * slide_;
  return std::min(passed, LastWindowEnd(pane));
}

}  // namespace windrow::aggregator
