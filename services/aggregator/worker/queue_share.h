#ifndef SERVICES_AGGREGATOR_WORKER_QUEUE_SHARE_H_
#define SERVICES_AGGREGATOR_WORKER_QUEUE_SHARE_H_

#include <algorithm>
#include <cstdint>

namespace windrow::aggregator {

// Bound in kilobytes of the records of each source partition that wait unread, when those of all
// `partitions` (0 while that is not known) may take `kilobytes`, whichever worker reads them. A few
// partitions do not read faster from longer queues than four, and one that is too short for what an
// answer of the broker holds runs dry again and again: hundreds of partitions go beyond the budget.
inline int QueueShare(int64_t kilobytes, int partitions) {
  constexpr int kLeastPartitions = 4;
  constexpr int64_t kLeastKilobytes = 256;
  return static_cast<int>(
      std::max(kLeastKilobytes, kilobytes / std::max(kLeastPartitions, partitions)));
}

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_QUEUE_SHARE_H_
