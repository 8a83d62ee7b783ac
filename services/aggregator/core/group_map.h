#ifndef SERVICES_AGGREGATOR_CORE_GROUP_MAP_H_
#define SERVICES_AGGREGATOR_CORE_GROUP_MAP_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"

namespace windrow::aggregator {

// A map from numbers of groups to values, side by side in the order in which they came. A few are
// found by looking at all, and two take no memory besides: most panes of a quiet stream hold no
// more. A value of one thread.
template <typename Value>
class GroupMap {
 public:
  using value_type = std::pair<uint32_t, Value>;
  using Entries = absl::InlinedVector<value_type, 2>;
  using iterator = typename Entries::iterator;
  using const_iterator = typename Entries::const_iterator;

  size_t size() const { return entries_.size(); }
  iterator begin() { return entries_.begin(); }
  iterator end() { return entries_.end(); }
  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }

  void Reserve(size_t size) {
    entries_.reserve(size);
    if (size > kFew) index_.reserve(size);
  }

  // Null when the group is not there.
  const Value* Find(uint32_t group) const {
    const size_t place = PlaceOf(group);
    return place == entries_.size() ? nullptr : &entries_[place].second;
  }

  // Adds the group if it is not there. References last until another one is added or erased.
  Value& operator[](uint32_t group) {
    const size_t place = PlaceOf(group);
    if (place == entries_.size()) {
      entries_.emplace_back(group, Value());
      if (!index_.empty()) {
        index_.emplace(group, place);
      } else if (entries_.size() > kFew) {
        for (size_t i = 0; i < entries_.size(); ++i) index_.emplace(entries_[i].first, i);
      }
    }
    return entries_[place].second;
  }

  // The last one takes its place.
  void Erase(uint32_t group) {
    const size_t place = PlaceOf(group);
    if (place == entries_.size()) return;
    if (place + 1 < entries_.size()) entries_[place] = std::move(entries_.back());
    if (!index_.empty()) {
      index_[entries_[place].first] = static_cast<uint32_t>(place);
      index_.erase(group);
    }
    entries_.pop_back();
  }

 private:
  static constexpr size_t kFew = 8;

  // The number of entries when the group is not there.
  size_t PlaceOf(uint32_t group) const {
    if (!index_.empty()) {
      const auto found = index_.find(group);
      return found == index_.end() ? entries_.size() : found->second;
    }
    size_t place = 0;
    while (place < entries_.size() && entries_[place].first != group) ++place;
    return place;
  }

  Entries entries_;
  // Places by group; empty until there are more than a few.
  absl::flat_hash_map<uint32_t, uint32_t> index_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_GROUP_MAP_H_
