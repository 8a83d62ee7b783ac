#ifndef SERVICES_AGGREGATOR_CORE_SHARDED_MAP_H_
#define SERVICES_AGGREGATOR_CORE_SHARDED_MAP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/numeric/bits.h"
#include "services/aggregator/core/group_map.h"

namespace windrow::aggregator {

// A map from numbers of groups to values, in shards that a copy shares with it until one of the two
// changes them: a million values are copied as a thousand pointers, and a change after that
// copies some thousand values once. Shards are split one at a time (W. Litwin, "Linear hashing: a
// new tool for file and table addressing", 1980), so that growing never stalls either. All copies
// belong to one thread.
template <typename Value>
class ShardedMap {
 public:
  using Shard = GroupMap<Value>;
  using Shards = absl::InlinedVector<std::shared_ptr<Shard>, 1>;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Shards& shards() const { return shards_; }

  // Null when the group is not there.
  const Value* Find(uint32_t group) const {
    if (shards_.empty()) return nullptr;
    return shards_[ShardOf(group)]->Find(group);
  }

  // Adds the group if it is not there. References last until the map grows or is copied.
  Value& operator[](uint32_t group) {
    if (size_ >= shards_.size() * kValuesPerShard) AddShard();
    Shard& shard = Own(ShardOf(group));
    const size_t before = shard.size();
    Value& value = shard[group];
    size_ += shard.size() - before;
    return value;
  }

  void Erase(uint32_t group) {
    if (Find(group) == nullptr) return;
    Own(ShardOf(group)).Erase(group);
    --size_;
  }

  // Calls `visit` with each group and its value.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& shard : shards_) {
      for (const auto& entry : *shard) visit(entry.first, entry.second);
    }
  }

 private:
  // On average, when it is fullest.
  static constexpr size_t kValuesPerShard = 1024;
  static constexpr uint32_t kNeighbours = 64;

  size_t ShardOf(uint32_t group) const {
    if (shards_.size() == 1) return 0;
    // Neighbours are together, since their keys lie side by side. Which of them are there may have
    // a pattern; the upper half of a product has none (Knuth, "The Art of Computer
    // Programming", 6.4, multiplicative hashing).
    const size_t hash = ((group / kNeighbours) * uint64_t{0x9E3779B97F4A7C15}) >> 32;
    const size_t end = absl::bit_ceil(shards_.size());
    const size_t index = hash & (end - 1);
    return index < shards_.size() ? index : hash & (end / 2 - 1);
  }

  Shard& Own(size_t index) {
    std::shared_ptr<Shard>& shard = shards_[index];
    if (shard.use_count() > 1) shard = std::make_shared<Shard>(*shard);
    return *shard;
  }

  // Divides one shard between itself and a new one.
  void AddShard() {
    shards_.push_back(std::make_shared<Shard>());
    if (shards_.size() == 1) return;
    const size_t divided = shards_.size() - 1 - absl::bit_ceil(shards_.size()) / 2;
    const std::shared_ptr<Shard> whole = std::exchange(shards_[divided], std::make_shared<Shard>());
    shards_[divided]->Reserve(whole->size() / 2);
    shards_.back()->Reserve(whole->size() / 2);
    const bool shared = whole.use_count() > 1;
    for (auto& entry : *whole) {
      Value& to = (*shards_[ShardOf(entry.first)])[entry.first];
      if (shared) {
        to = entry.second;
      } else {
        to = std::move(entry.second);
      }
    }
  }

  Shards shards_;
  size_t size_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_SHARDED_MAP_H_
