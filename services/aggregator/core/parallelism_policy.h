#ifndef SERVICES_AGGREGATOR_CORE_PARALLELISM_POLICY_H_
#define SERVICES_AGGREGATOR_CORE_PARALLELISM_POLICY_H_

#include <cstdint>
#include <deque>
#include <string>

#include "absl/types/optional.h"

namespace windrow::aggregator {

// What a replica looks like at one moment. Times are microseconds of any monotonic clock.
struct ParallelismObservation {
  int64_t now_us = 0;
  int workers = 1;
  // Records that are in this replica's source partitions and not yet committed.
  int64_t lag_records = 0;
  // Over the last second or so.
  double processed_per_second = 0;
  // Processors that the process uses, and may use.
  double cpu_load = 0;
  int processors = 1;
  // Source partitions that this replica reads.
  int source_partitions = 0;
  // Paused, or a limit keeps records from being read: then lag says nothing about workers.
  bool held = false;
  // All workers have taken up their partitions: then the numbers are those of all of them.
  bool settled = false;
};

// A change of the number of workers.
struct ParallelismStep {
  int workers = 1;
  // Why, for people.
  std::string reason;
};

// Decides how many workers a replica runs, from what is observed a few times a second. One worker
// more when it is behind and does not catch up soon, the processor has room and there is a
// partition for it; one fewer when it has not been behind for a while and the others could carry
// the load. At most one step in 5 s. A step up that brought nothing is not tried again for a
// minute, and after a step up there is no step down for 30 s, so that it does not swing. A value of
// one thread.
class ParallelismPolicy {
 public:
  // Workers must stay from `least` to `most`; a new range begins a new observation.
  void SetRange(int least, int most);

  // The step to take now, if any; the caller takes it.
  absl::optional<ParallelismStep> Observe(const ParallelismObservation& seen);

 private:
  // What was seen of the lag at a time.
  struct Lag {
    int64_t at_us = 0;
    int64_t records = 0;
  };

  absl::optional<ParallelismStep> Grow(const ParallelismObservation& seen);
  absl::optional<ParallelismStep> Shrink(const ParallelismObservation& seen);
  void StartAnew(int64_t now_us);
  // Whether the last step up brought nothing, as far as can be told by now.
  void JudgeLastGrowth(const ParallelismObservation& seen);
  // Seconds until the lag is gone at the rate at which it fell of late; negative when it did not.
  double SecondsToCatchUp() const;

  int least_ = 1;
  int most_ = 1;
  // Since the last step or rebalance, of the last seconds.
  std::deque<Lag> lags_;
  // Since when there has been no lag to speak of; negative while there is.
  int64_t calm_since_us_ = -1;
  int64_t next_step_us_ = 0;
  int64_t next_growth_us_ = 0;
  int64_t next_shrinking_us_ = 0;
  // Rate before the last step up, which is yet to be judged; negative for none.
  double rate_before_growth_ = -1;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_PARALLELISM_POLICY_H_
