#ifndef SERVICES_AGGREGATOR_CORE_TOPIC_LIMIT_H_
#define SERVICES_AGGREGATOR_CORE_TOPIC_LIMIT_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>

#include "services/aggregator/core/token_bucket.h"

namespace windrow::aggregator {

// Limits what one replica reads of a whole topic: records and bytes per second, of which it has the
// share that its source partitions are of all. So the topic's rate stays the same however many
// replicas and workers there are. Time is passed in: microseconds of any monotonic clock. A value
// of one thread.
class TopicLimit {
 public:
  // What a reader may read; to be settled, whatever came of it.
  struct Grant {
    int64_t records = 0;
    // Reserved for them, which is a guess.
    int64_t bytes = 0;
  };

  // Of the whole topic; 0 means no limit. Takes effect at once.
  void SetRates(int64_t records_per_second, int64_t bytes_per_second) {
    if (records_per_second == records_per_second_ && bytes_per_second == bytes_per_second_) return;
    records_per_second_ = records_per_second;
    bytes_per_second_ = bytes_per_second;
    records_.SetRate(static_cast<double>(records_per_second) * share_);
    bytes_.SetRate(static_cast<double>(bytes_per_second) * share_);
  }

  // A worker of this replica reads `owned` of the topic's `all` partitions.
  void SetOwned(int worker, int owned, int all) {
    owned_[worker] = owned;
    if (all > 0) all_ = all;
    int sum = 0;
    for (const auto& entry : owned_) sum += entry.second;
    share_ = all_ == 0 ? 0 : std::min(1.0, static_cast<double>(sum) / all_);
    records_.AdjustRate(static_cast<double>(records_per_second_) * share_);
    bytes_.AdjustRate(static_cast<double>(bytes_per_second_) * share_);
  }

  bool limited() const { return records_per_second_ > 0 || bytes_per_second_ > 0; }

  // Takes what may be read at `now`, at most `wanted` records.
  Grant Acquire(int64_t now, int64_t wanted) {
    Grant grant;
    grant.records = wanted;
    if (!limited()) return grant;
    if (share_ == 0) return Grant();
    grant.records = records_.Available(now, wanted);
    if (bytes_per_second_ > 0) {
      // One record may be larger than all that is there: what is owed is waited for afterwards.
      // Few at a time, so that this is not much when records become larger all at once.
      const int64_t there = bytes_.Available(now, std::numeric_limits<int64_t>::max());
      const int64_t fitting =
          there <= 0 ? 0 : std::clamp<int64_t>(there / record_bytes_, 1, kMostAtOnce);
      grant.records = std::min(grant.records, fitting);
      grant.bytes = grant.records * record_bytes_;
    }
    records_.Take(grant.records);
    bytes_.Take(grant.bytes);
    return grant;
  }

  // Of the grant, so many records of so many bytes were read.
  void Settle(const Grant& grant, int64_t records, int64_t bytes) {
    records_.Take(records - grant.records);
    bytes_.Take(bytes - grant.bytes);
    if (records > 0) record_bytes_ = std::max<int64_t>(1, bytes / records);
  }

 private:
  static constexpr int64_t kMostAtOnce = 16;

  int64_t records_per_second_ = 0;
  int64_t bytes_per_second_ = 0;
  // By worker.
  std::map<int, int> owned_;
  int all_ = 0;
  double share_ = 0;
  TokenBucket records_;
  TokenBucket bytes_;
  // Mean size in the last batch; so large that only one is read at first.
  int64_t record_bytes_ = 1'000'000;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_TOPIC_LIMIT_H_
