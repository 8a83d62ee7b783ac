#ifndef SERVICES_AGGREGATOR_WORKER_QUEUE_SHARE_H_
#define SERVICES_AGGREGATOR_WORKER_QUEUE_SHARE_H_

#include <algorithm>
#include <cstdint>

namespace windrow::aggregator {

// Bound in kilobytes of the records of each source partition that wait unread, when those of all
// may take `kilobytes` over `workers`, which share `partitions` (0 while that is not known). A few
// partitions do not read faster from longer queues than four, and one that is too short for what an
// answer of the broker holds runs dry again and again: hundreds of partitions go beyond the budget.
inline int QueueShare(int64_t kilobytes, int workers, int partitions) {
  constexpr int64_t kLeastPartitions = 4;
  constexpr int64_t kLeastKilobytes = 256;
  const int64_t per_worker =
      std::max(kLeastPartitions, int64_t{partitions + workers - 1} / workers);
  return static_cast<int>(std::max(kLeastKilobytes, kilobytes / workers / per_worker));
}

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_QUEUE_SHARE_H_
