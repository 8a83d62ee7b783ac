#ifndef SERVICES_PLATFORM_RUNTIME_CLOCK_H_
#define SERVICES_PLATFORM_RUNTIME_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace windrow::runtime {

// The time, and waiting for what other threads do: what a test replaces to decide both by itself.
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual absl::Time Now() const = 0;

  // Waits until `condition` holds or `deadline` has come, letting go of `mutex` (held) meanwhile.
  // Returns whether the condition holds.
  virtual bool Await(absl::Mutex* mutex, const absl::Condition& condition,
                     absl::Time deadline) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) = 0;

  // The clock of the machine. Never destroyed.
  static const Clock& System();
};

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_CLOCK_H_
