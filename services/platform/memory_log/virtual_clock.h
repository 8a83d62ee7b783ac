#ifndef SERVICES_PLATFORM_MEMORY_LOG_VIRTUAL_CLOCK_H_
#define SERVICES_PLATFORM_MEMORY_LOG_VIRTUAL_CLOCK_H_

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/platform/runtime/clock.h"

namespace windrow::memory_log {

// A clock that stands still until it is told to go on: by its owner, or by somebody who waits,
// since nothing else is left to do then. Of one thread.
class VirtualClock : public runtime::Clock {
 public:
  // What happens while somebody waits until `deadline`: must let some time pass, and may let others
  // act first.
  using OnWait = std::function<void(absl::Time deadline)>;

  explicit VirtualClock(absl::Time start) : now_(start) {}

  absl::Time Now() const override { return now_; }
  bool Await(absl::Mutex* mutex, const absl::Condition& condition, absl::Time deadline) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) override;

  // Never goes back.
  void AdvanceTo(absl::Time time) const { now_ = std::max(now_, time); }
  void Advance(absl::Duration duration) const { now_ += duration; }

  void SetOnWait(OnWait on_wait) { on_wait_ = std::move(on_wait); }

  // Waits for a moment, at most until `deadline`.
  void Wait(absl::Time deadline) const;

 private:
  // Of a clock that is const to those who read it.
  mutable absl::Time now_;
  OnWait on_wait_;
};

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_VIRTUAL_CLOCK_H_
