#ifndef SERVICES_AGGREGATOR_CORE_STATIC_TABLE_H_
#define SERVICES_AGGREGATOR_CORE_STATIC_TABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace windrow::aggregator {

// A small table looked up by key. Immutable, hence thread-safe.
class StaticTable {
 public:
  using Row = absl::flat_hash_map<std::string, std::string>;

  // The first of several rows with one key wins; rows without the key column are unreachable.
  StaticTable(std::string version, absl::string_view key_column, std::vector<Row> rows)
      : version_(std::move(version)), rows_(std::move(rows)) {
    for (const Row& row : rows_) {
      const auto key = row.find(std::string(key_column));
      if (key != row.end()) by_key_.emplace(key->second, &row);
    }
  }
  StaticTable(const StaticTable&) = delete;
  StaticTable& operator=(const StaticTable&) = delete;

  // The row of `key`, or null. A null key has no row.
  const Row* Find(const absl::optional<std::string>& key) const {
    if (!key.has_value()) return nullptr;
    const auto found = by_key_.find(*key);
    return found == by_key_.end() ? nullptr : found->second;
  }

  const std::string& version() const { return version_; }

 private:
  std::string version_;
  std::vector<Row> rows_;
  absl::flat_hash_map<std::string, const Row*> by_key_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_STATIC_TABLE_H_
