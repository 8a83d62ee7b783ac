#include "services/query/sink/writer_memory.h"

#include <algorithm>
#include <memory>

#include "absl/hash/hash.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/store_layout.h"

namespace windrow::query {
namespace {

// A power of two: 128 KiB per view.
constexpr size_t kSlots = 16'384;
// Of about 150 bytes each.
constexpr size_t kMostWindows = 32'768;

// The window of the last key that begins with `prefix` and goes on with a window; the least number
// when there is none.
absl::StatusOr<int64_t> NewestWindow(rocksdb::DB* db, const std::string& prefix) {
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(rocksdb::ReadOptions()));
  it->SeekForPrev(PrefixEnd(prefix));
  if (!it->status().ok()) return StoreError(it->status(), "looking for the newest window");
  if (!it->Valid() || !it->key().starts_with(prefix)) return std::numeric_limits<int64_t>::min();
  RowKey key;
  const absl::string_view bytes(it->key().data(), it->key().size());
  if (!DecodeRowKey(bytes.substr(prefix.size()), &key)) {
    return absl::DataLossError("the key of a stored window cannot be read");
  }
  return key.window_start_us;
}

}  // namespace

WriterMemory::View::View() : newest_rows_us_(kSlots, std::numeric_limits<int64_t>::min()) {}

size_t WriterMemory::View::SlotOf(absl::string_view group) {
  return absl::HashOf(group) & (kSlots - 1);
}

StoredWindow* WriterMemory::View::FindWindow(int64_t window_start_us) {
  const auto found = windows_.find(window_start_us);
  return found == windows_.end() ? nullptr : &found->second;
}

StoredWindow* WriterMemory::View::AddWindow(int64_t window_start_us) {
  newest_window_us_ = std::max(newest_window_us_, window_start_us);
  return &windows_[window_start_us];
}

absl::StatusOr<WriterMemory> WriterMemory::Load(rocksdb::DB* db,
                                                const std::map<std::string, ViewSummary>& views) {
  WriterMemory memory;
  for (const auto& [id, summary] : views) {
    View& view = memory.views_[id];
    const absl::StatusOr<int64_t> newest_row_us = NewestWindow(db, RowPrefix(id));
    if (!newest_row_us.ok()) return newest_row_us.status();
    std::fill(view.newest_rows_us_.begin(), view.newest_rows_us_.end(), *newest_row_us);
    const absl::StatusOr<int64_t> newest_window_us = NewestWindow(db, WindowPrefix(id));
    if (!newest_window_us.ok()) return newest_window_us.status();
    view.newest_window_us_ = *newest_window_us;
  }
  return memory;
}

void WriterMemory::TrimWindows() {
  size_t windows = 0;
  for (const auto& [id, view] : views_) windows += view.windows_.size();
  if (windows > kMostWindows) ForgetWindows();
}

void WriterMemory::ForgetWindows() {
  for (auto& [id, view] : views_) view.windows_.clear();
}

}  // namespace windrow::query
