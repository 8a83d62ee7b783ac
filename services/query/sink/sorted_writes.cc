#include "services/query/sink/sorted_writes.h"

#include <algorithm>

namespace windrow::query {
namespace {

rocksdb::Slice ToSlice(absl::string_view view) { return {view.data(), view.size()}; }

}  // namespace

void SortedWrites::Add(absl::string_view key, absl::string_view value, bool put) {
  writes_.push_back({bytes_.size(), key.size(), value.size(), put});
  bytes_.append(key.data(), key.size());
  bytes_.append(value.data(), value.size());
}

void SortedWrites::MoveTo(rocksdb::WriteBatch* batch) {
  const auto by_key = [this](const Write& a, const Write& b) { return KeyOf(a) < KeyOf(b); };
  std::sort(writes_.begin(), writes_.end(), by_key);
  for (const Write& write : writes_) {
    if (write.put) {
      const absl::string_view value =
          absl::string_view(bytes_).substr(write.begin + write.key_size, write.value_size);
      batch->Put(ToSlice(KeyOf(write)), ToSlice(value));
    } else {
      batch->Delete(ToSlice(KeyOf(write)));
    }
  }
  writes_.clear();
  bytes_.clear();
}

}  // namespace windrow::query
