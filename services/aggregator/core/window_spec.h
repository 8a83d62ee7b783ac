#ifndef SERVICES_AGGREGATOR_CORE_WINDOW_SPEC_H_
#define SERVICES_AGGREGATOR_CORE_WINDOW_SPEC_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// Half-open windows [start, start + size) that start every `slide`, aligned to 1970 plus an offset,
// and the panes they are made of. A pane is gcd(size, slide) long, so each window is a whole number
// of panes and a record belongs to exactly one pane, however much windows overlap (Li et al., "No
// pane, no gain", SIGMOD Record 2005). An immutable value.
class WindowSpec {
 public:
  static constexpr EventSpan kMinSize = kMicrosPerSecond;
  static constexpr EventSpan kMaxSize = 400 * kMicrosPerDay;
  static constexpr int64_t kMaxPanesPerWindow = 1440;

  // INVALID_ARGUMENT unless kMinSize <= size <= kMaxSize, 0 < slide <= size, 0 <= offset < slide,
  // all whole milliseconds, and a window has at most kMaxPanesPerWindow panes of 1 s or more.
  static absl::StatusOr<WindowSpec> Create(EventSpan size, EventSpan slide, EventSpan offset);

  EventSpan size() const { return size_; }
  EventSpan slide() const { return slide_; }
  EventSpan pane_length() const { return pane_length_; }
  int64_t panes_per_window() const { return size_ / pane_length_; }

  // Index of the pane that holds `time`.
  int64_t PaneOf(EventTime time) const { return FloorDivide(time - offset_, pane_length_); }
  EventTime PaneStart(int64_t pane) const { return pane * pane_length_ + offset_; }

  // Start of the first and the last window that contain the pane.
  EventTime FirstWindowStart(int64_t pane) const {
    return CeilToSlide(PaneStart(pane) + pane_length_ - size_);
  }
  EventTime LastWindowStart(int64_t pane) const { return FloorToSlide(PaneStart(pane)); }
  EventTime FirstWindowEnd(int64_t pane) const { return FirstWindowStart(pane) + size_; }
  EventTime LastWindowEnd(int64_t pane) const { return LastWindowStart(pane) + size_; }

  // The first pane of the window that starts at `window_start`.
  int64_t FirstPane(EventTime window_start) const {
    return FloorDivide(window_start - offset_, pane_length_);
  }

  // End of the pane's last window that `watermark` has passed (end <= watermark); kNever when it
  // has passed none.
  EventTime CutOf(int64_t pane, EventTime watermark) const;

 private:
  WindowSpec(EventSpan size, EventSpan slide, EventSpan offset, EventSpan pane_length)
      : size_(size), slide_(slide), offset_(offset), pane_length_(pane_length) {}

  EventTime FloorToSlide(EventTime time) const {
    return FloorDivide(time - offset_, slide_) * slide_ + offset_;
  }
  EventTime CeilToSlide(EventTime time) const { return FloorToSlide(time + slide_ - 1); }

  EventSpan size_;
  EventSpan slide_;
  EventSpan offset_;
  EventSpan pane_length_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_WINDOW_SPEC_H_
