#include "services/platform/runtime/clock.h"

#include "absl/time/clock.h"

namespace windrow::runtime {
namespace {

class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  bool Await(absl::Mutex* mutex, const absl::Condition& condition, absl::Time deadline) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) override {
    return mutex->AwaitWithDeadline(condition, deadline);
  }
};

}  // namespace

const Clock& Clock::System() {
  static const SystemClock& clock = *new SystemClock;
  return clock;
}

}  // namespace windrow::runtime
