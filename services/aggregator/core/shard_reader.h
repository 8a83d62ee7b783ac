#ifndef SERVICES_AGGREGATOR_CORE_SHARD_READER_H_
#define SERVICES_AGGREGATOR_CORE_SHARD_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "services/aggregator/core/sharded_map.h"

namespace windrow::aggregator {

// Reads maps as they were when they were added, one entry at a time, and lets go of each shard that
// has been read. Used by the thread of the maps alone.
template <typename Value>
class ShardReader {
 public:
  using Shard = typename ShardedMap<Value>::Shard;
  using Entry = typename Shard::value_type;

  void Reserve(size_t shards) { shards_.reserve(shards); }

  // Adds the map of a pane.
  void Add(int64_t pane, const ShardedMap<Value>& map) {
    for (const std::shared_ptr<Shard>& shard : map.shards()) shards_.emplace_back(pane, shard);
  }

  // The next entry, which is there until the next call; null at the end.
  const Entry* Next() {
    for (; next_ < shards_.size(); ++next_) {
      const Shard& shard = *shards_[next_].second;
      if (!inside_) entry_ = shard.begin();
      inside_ = entry_ != shard.end();
      if (inside_) return &*entry_++;
      shards_[next_].second.reset();
    }
    return nullptr;
  }

  // The pane of the last entry.
  int64_t pane() const { return shards_[next_].first; }

 private:
  std::vector<std::pair<int64_t, std::shared_ptr<const Shard>>> shards_;
  size_t next_ = 0;
  // Whether entry_ is an iterator of the next shard.
  bool inside_ = false;
  typename Shard::const_iterator entry_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_SHARD_READER_H_
