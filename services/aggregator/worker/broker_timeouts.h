#ifndef SERVICES_AGGREGATOR_WORKER_BROKER_TIMEOUTS_H_
#define SERVICES_AGGREGATOR_WORKER_BROKER_TIMEOUTS_H_

#include "absl/time/time.h"

namespace windrow::aggregator {

// How long a worker waits for answers of the broker, during which it does nothing else: where a log
// begins and ends,
inline constexpr absl::Duration kQueryTimeout = absl::Milliseconds(500);
// which offsets the group has committed,
inline constexpr absl::Duration kCommittedTimeout = absl::Seconds(10);
// and the logs that state is restored from.
inline constexpr absl::Duration kRestoreTimeout = absl::Seconds(20);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_BROKER_TIMEOUTS_H_
