#ifndef SERVICES_AGGREGATOR_CORE_APPLIED_CHANGE_H_
#define SERVICES_AGGREGATOR_CORE_APPLIED_CHANGE_H_

#include <cstdint>
#include <limits>
#include <vector>

#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// When a worker last had its partitions taken and given; the past when never.
struct WorkerTurn {
  int64_t revoked_us = std::numeric_limits<int64_t>::min();
  int64_t taken_up_us = std::numeric_limits<int64_t>::min();
};

// Up to which generation of a pipeline a replica has applied its settings. Most are in force as
// soon as workers can see them; another number of workers is when all of them have taken up the
// partitions that the group then gives them. Times are microseconds of the caller's clock. A value
// of one thread.
class AppliedChange {
 public:
  // Workers have been told of `generation`; where their number changed, that began at `began_us`.
  void Begin(int64_t generation, bool workers_changed, int64_t began_us);

  // Looks at all workers that there should be. Returns whether a generation has just been applied.
  bool Observe(const std::vector<WorkerTurn>& workers, int64_t now_us);

  // The generation that is applied; 0 for none.
  int64_t generation() const { return generation_; }
  // When that was.
  int64_t applied_us() const { return applied_us_; }
  // How long the replica did without partitions for it: from the first that was taken from a worker
  // until all workers had theirs.
  EventSpan pause() const { return pause_; }
  // Whether a change waits for workers.
  bool pending() const { return begun_ > generation_; }

 private:
  static constexpr int64_t kNotYet = std::numeric_limits<int64_t>::max();

  int64_t generation_ = 0;
  int64_t applied_us_ = 0;
  EventSpan pause_ = 0;
  int64_t begun_ = 0;
  // Whether, and since when, workers are to take up new partitions.
  bool reassigning_ = false;
  int64_t began_us_ = 0;
  int64_t first_revoked_us_ = kNotYet;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_APPLIED_CHANGE_H_
