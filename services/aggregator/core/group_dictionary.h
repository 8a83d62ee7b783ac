#ifndef SERVICES_AGGREGATOR_CORE_GROUP_DICTIONARY_H_
#define SERVICES_AGGREGATOR_CORE_GROUP_DICTIONARY_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace windrow::aggregator {

// Gives small numbers to encoded group keys for as long as something refers to them. Numbers of
// released groups are used again, unless somebody shares the keys. Move-only; a value of one
// thread.
class GroupDictionary {
 public:
  // Keys by number. A deque, since the map's keys are views of its strings.
  using Keys = std::deque<std::string>;

  GroupDictionary() = default;
  GroupDictionary(GroupDictionary&&) = default;
  GroupDictionary& operator=(GroupDictionary&&) = default;

  // The key's number; the key is added, without a reference, when it is new.
  uint32_t Intern(absl::string_view key) {
    const auto found = id_by_key_.find(key);
    if (found != id_by_key_.end()) return found->second;
    if (free_.empty() && !is_shared()) free_.swap(kept_);
    uint32_t id = static_cast<uint32_t>(keys_->size());
    if (free_.empty()) {
      keys_->emplace_back(key);
      references_.push_back(0);
    } else {
      id = free_.back();
      free_.pop_back();
      (*keys_)[id].assign(key.data(), key.size());
    }
    id_by_key_.emplace(absl::string_view((*keys_)[id]), id);
    key_bytes_ += key.size();
    return id;
  }

  const std::string& key(uint32_t id) const { return (*keys_)[id]; }

  // The keys, of which those that have a number now stay what they are for as long as the result is
  // held.
  std::shared_ptr<const Keys> Share() const { return keys_; }

  void AddReference(uint32_t id) { ++references_[id]; }

  // Takes one reference back; the last one frees the number.
  void Release(uint32_t id) {
    if (--references_[id] == 0) Free(id);
  }

  // Frees the number if nothing has ever referred to it since it was interned.
  void FreeIfUnused(uint32_t id) {
    if (references_[id] == 0) Free(id);
  }

  size_t size() const { return id_by_key_.size(); }

  // Memory in use, about.
  size_t bytes() const { return key_bytes_ + size() * kKeyOverhead; }

 private:
  // Of a key in the deque, the map and the lists.
  static constexpr size_t kKeyOverhead = 80;

  void Free(uint32_t id) {
    // A number that is free already stays so.
    if (id_by_key_.erase(absl::string_view((*keys_)[id])) == 0) return;
    (is_shared() ? kept_ : free_).push_back(id);
    key_bytes_ -= (*keys_)[id].size();
  }

  bool is_shared() const { return keys_.use_count() > 1; }

  std::shared_ptr<Keys> keys_ = std::make_shared<Keys>();
  std::vector<uint32_t> references_;
  std::vector<uint32_t> free_;
  // Freed while the keys were shared: not to be given again until they no longer are.
  std::vector<uint32_t> kept_;
  absl::flat_hash_map<absl::string_view, uint32_t> id_by_key_;
  size_t key_bytes_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_GROUP_DICTIONARY_H_
