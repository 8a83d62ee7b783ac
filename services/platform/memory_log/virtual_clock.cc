#include "services/platform/memory_log/virtual_clock.h"

namespace windrow::memory_log {
namespace {

constexpr absl::Duration kMoment = absl::Milliseconds(1);

// Lets go of a mutex that is held, also when what follows throws.
class Unlocked {
 public:
  explicit Unlocked(absl::Mutex* mutex) ABSL_UNLOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_->Unlock();
  }
  ~Unlocked() ABSL_NO_THREAD_SAFETY_ANALYSIS { mutex_->Lock(); }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  absl::Mutex* const mutex_;
};

}  // namespace

bool VirtualClock::Await(absl::Mutex* mutex, const absl::Condition& condition,
                         absl::Time deadline) const ABSL_NO_THREAD_SAFETY_ANALYSIS {
  while (!condition.Eval()) {
    if (now_ >= deadline) return false;
    const Unlocked unlocked(mutex);
    Wait(deadline);
  }
  return true;
}

void VirtualClock::Wait(absl::Time deadline) const {
  if (on_wait_ != nullptr) {
    on_wait_(deadline);
  } else {
    AdvanceTo(std::min(deadline, now_ + kMoment));
  }
}

}  // namespace windrow::memory_log
