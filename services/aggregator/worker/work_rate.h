#ifndef SERVICES_AGGREGATOR_WORKER_WORK_RATE_H_
#define SERVICES_AGGREGATOR_WORKER_WORK_RATE_H_

#include <cstdint>

#include "absl/time/time.h"
#include "services/platform/runtime/cpu_load.h"

namespace windrow::aggregator {

// How much a worker does: records per second and processors in use, over the last second or so. A
// value of one thread.
class WorkRate {
 public:
  // Takes how many records have been read by `now`, and the processor time that it took.
  void Update(absl::Time now, int64_t records, absl::Duration cpu_time) {
    cpu_load_ = load_.Update(now, cpu_time);
    const absl::Duration elapsed = now - measured_at_;
    if (elapsed < absl::Seconds(1)) return;
    if (measured_at_ != absl::InfinitePast()) {
      records_per_second_ =
          static_cast<double>(records - measured_records_) / absl::ToDoubleSeconds(elapsed);
    }
    measured_at_ = now;
    measured_records_ = records;
  }

  double records_per_second() const { return records_per_second_; }
  double cpu_load() const { return cpu_load_; }

 private:
  runtime::CpuLoad load_;
  // Since when, and from where on, the present second is measured.
  absl::Time measured_at_ = absl::InfinitePast();
  int64_t measured_records_ = 0;
  double records_per_second_ = 0;
  double cpu_load_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_WORK_RATE_H_
