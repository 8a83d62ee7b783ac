#include "services/aggregator/core/replica_liveness.h"

#include <algorithm>

namespace windrow::aggregator {

void ReplicaLiveness::Hear(const std::string& replica, int64_t now_us) {
  heard_us_[replica] = now_us;
  last_heard_us_ = std::max(last_heard_us_, now_us);
}

bool ReplicaLiveness::IsAlive(const std::string& replica, int64_t now_us) const {
  const auto heard = heard_us_.find(replica);
  if (heard == heard_us_.end()) return false;
  const int64_t listened_until = std::min(now_us, last_heard_us_ + kDeaf);
  return listened_until - heard->second < kSilence;
}

}  // namespace windrow::aggregator
