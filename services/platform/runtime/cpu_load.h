#ifndef SERVICES_PLATFORM_RUNTIME_CPU_LOAD_H_
#define SERVICES_PLATFORM_RUNTIME_CPU_LOAD_H_

#include "absl/time/time.h"

namespace windrow::runtime {

// Processors in use over the last second or so, from processor time that grows. A value of one
// thread.
class CpuLoad {
 public:
  // Takes what has been used by `now`; returns the load as of then, 0 in the first second.
  double Update(absl::Time now, absl::Duration cpu_time) {
    if (measured_at_ == absl::InfinitePast() || now < measured_at_) {
      measured_at_ = now;
      measured_ = cpu_time;
    } else if (now - measured_at_ >= absl::Seconds(1)) {
      load_ = absl::FDivDuration(cpu_time - measured_, now - measured_at_);
      measured_at_ = now;
      measured_ = cpu_time;
    }
    return load_;
  }

 private:
  absl::Time measured_at_ = absl::InfinitePast();
  absl::Duration measured_;
  double load_ = 0;
};

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_CPU_LOAD_H_
