#include "services/aggregator/core/applied_change.h"

#include <algorithm>

namespace windrow::aggregator {

void AppliedChange::Begin(int64_t generation, bool workers_changed, int64_t began_us) {
  // Workers may also come and go without a change.
  if (generation <= generation_) return;
  begun_ = generation;
  if (!workers_changed) return;
  if (!reassigning_) first_revoked_us_ = kNotYet;
  reassigning_ = true;
  // Who took up partitions between two changes has to do so once more.
  began_us_ = began_us;
}

bool AppliedChange::Observe(const std::vector<WorkerTurn>& workers, int64_t now_us) {
  if (!pending()) return false;
  int64_t last_taken_up_us = now_us;
  if (reassigning_) {
    last_taken_up_us = began_us_;
    bool all = true;
    for (const WorkerTurn& worker : workers) {
      if (worker.revoked_us >= began_us_) {
        first_revoked_us_ = std::min(first_revoked_us_, worker.revoked_us);
      }
      all = all && worker.taken_up_us >= began_us_ && worker.taken_up_us >= worker.revoked_us;
      last_taken_up_us = std::max(last_taken_up_us, worker.taken_up_us);
    }
    if (!all) return false;
  }
  pause_ = reassigning_ && first_revoked_us_ != kNotYet ? last_taken_up_us - first_revoked_us_ : 0;
  reassigning_ = false;
  generation_ = begun_;
  applied_us_ = last_taken_up_us;
  return true;
}

}  // namespace windrow::aggregator
