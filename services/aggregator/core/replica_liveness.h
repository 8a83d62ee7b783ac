#ifndef SERVICES_AGGREGATOR_CORE_REPLICA_LIVENESS_H_
#define SERVICES_AGGREGATOR_CORE_REPLICA_LIVENESS_H_

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {

// Which replicas are alive, by when something was heard of them. Times are microseconds of the
// listener's monotonic clock. A value of one thread.
class ReplicaLiveness {
 public:
  // A replica that has been silent for so long is taken for dead.
  static constexpr EventSpan kSilence = 5 * kMicrosPerSecond;
  // When nothing at all has been heard for so long, not even what the listener itself says, it is
  // the listener that is cut off: nobody dies meanwhile.
  static constexpr EventSpan kDeaf = 2 * kMicrosPerSecond;

  void Hear(const std::string& replica, int64_t now_us);
  // It said that it stops, or is of no interest any more.
  void Forget(const std::string& replica) { heard_us_.erase(replica); }

  bool IsAlive(const std::string& replica, int64_t now_us) const;

 private:
  std::map<std::string, int64_t> heard_us_;
  int64_t last_heard_us_ = std::numeric_limits<int64_t>::min();
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_REPLICA_LIVENESS_H_
