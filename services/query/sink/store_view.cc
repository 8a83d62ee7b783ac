#include "services/query/sink/store_view.h"

#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/store_layout.h"

namespace windrow::query {
namespace {

absl::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int64_t kMaxClockSkewMs = 10'000;

rocksdb::Slice ToSlice(absl::string_view view) { return {view.data(), view.size()}; }

absl::Status Unreadable(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("a stored ", what, " cannot be read"));
}

}  // namespace

Database::~Database() {
  // A snapshot never outlives the views, and those hold this object: nothing is left to release.
  if (db != nullptr) db->Close().PermitUncheckedError();
  db.reset();
  std::error_code ignored;
  if (remove_when_closed) std::filesystem::remove_all(path, ignored);
}

StoreView::StoreView(std::shared_ptr<Database> database, State state)
    : database_(std::move(database)),
      snapshot_(database_->db->GetSnapshot()),
      state_(std::move(state)) {}

StoreView::~StoreView() { database_->db->ReleaseSnapshot(snapshot_); }

rocksdb::ReadOptions StoreView::Options() const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot_;
  return options;
}

absl::Status StoreView::Checked(const rocksdb::Status& status, absl::string_view doing) const {
  absl::Status checked = StoreError(status, doing);
  if (absl::IsDataLoss(checked)) database_->broken = true;
  return checked;
}

absl::Status StoreView::ScanRows(absl::string_view view, int64_t start_us, int64_t end_us,
                                 absl::string_view after_key,
                                 absl::FunctionRef<bool(const StoredRow&)> visit) const {
  const std::string prefix = RowPrefix(view);
  std::string from = EncodeRowKey(start_us, "");
  if (!after_key.empty() && after_key >= from) from = KeyAfter(after_key);
  from = prefix + from;
  const std::string to = prefix + EncodeRowKey(end_us, "");
  const rocksdb::Slice upper_bound(to);
  rocksdb::ReadOptions options = Options();
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator(options));
  for (it->Seek(from); it->Valid(); it->Next()) {
    StoredRow row;
    if (!DecodeRow(ToView(it->value()), &row) ||
        !DecodeRowKey(ToView(it->key()).substr(prefix.size()), &row.window_start_us, &row.group)) {
      database_->broken = true;
      return Unreadable("row");
    }
    if (row.deleted || row.window_end_us <= state_.horizon_us) continue;
    if (!visit(row)) return absl::OkStatus();
  }
  return Checked(it->status(), "reading rows");
}

absl::Status StoreView::ScanWindows(absl::string_view view, int64_t start_us, int64_t end_us,
                                    bool newest_first,
                                    absl::FunctionRef<bool(const StoredWindow&)> visit) const {
  if (start_us >= end_us) return absl::OkStatus();
  const std::string from = WindowKey(view, start_us);
  const std::string to = WindowKey(view, end_us);
  const size_t prefix_size = WindowPrefix(view).size();
  const rocksdb::Slice lower_bound(from);
  const rocksdb::Slice upper_bound(to);
  rocksdb::ReadOptions options = Options();
  options.iterate_lower_bound = &lower_bound;
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator(options));
  const bool keeps_some = state_.horizon_us != std::numeric_limits<int64_t>::min();
  for (newest_first ? it->SeekToLast() : it->SeekToFirst(); it->Valid();
       newest_first ? it->Prev() : it->Next()) {
    StoredWindow window;
    if (!DecodeNumber(ToView(it->key()).substr(prefix_size), &window.window_start_us) ||
        !DecodeWindow(ToView(it->value()), &window)) {
      database_->broken = true;
      return Unreadable("window");
    }
    // Without a row there is no end; late counts go when the aggregator takes them back.
    const bool has_end = window.rows > 0 || window.window_end_us != 0;
    const int64_t last_us = has_end ? window.window_end_us : window.window_start_us;
    if (keeps_some && last_us <= state_.horizon_us) continue;
    if (!visit(window)) return absl::OkStatus();
  }
  return Checked(it->status(), "reading windows");
}

absl::Status StoreView::ReadRow(absl::string_view view, absl::string_view row_key,
                                std::string* buffer, StoredRow* row) const {
  const rocksdb::Status status =
      database_->db->Get(Options(), absl::StrCat(RowPrefix(view), row_key), buffer);
  if (!status.ok() && !status.IsNotFound()) return Checked(status, "reading a row");
  // An index entry always comes and goes with its row, in the same write batch.
  if (status.IsNotFound() || !DecodeRow(*buffer, row) ||
      !DecodeRowKey(row_key, &row->window_start_us, &row->group)) {
    database_->broken = true;
    return Unreadable("row");
  }
  return absl::OkStatus();
}

absl::Status StoreView::ScanChanges(absl::string_view view, int partition, int64_t from_offset,
                                    absl::FunctionRef<bool(const StoredRow&)> visit) const {
  const auto summary = state_.views.find(std::string(view));
  // Most feeds are at the end most of the time: no need to ask the disk then.
  if (summary == state_.views.end() || from_offset >= summary->second.changed_through[partition]) {
    return absl::OkStatus();
  }
  const std::string from = ChangeKey(view, {partition, from_offset});
  const std::string to = PrefixEnd(ChangePrefix(view, partition));
  const rocksdb::Slice upper_bound(to);
  rocksdb::ReadOptions options = Options();
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator(options));
  std::string buffer;
  for (it->Seek(from); it->Valid(); it->Next()) {
    StoredRow row;
    const absl::Status read = ReadRow(view, ToView(it->value()), &buffer, &row);
    if (!read.ok()) return read;
    if (row.window_end_us <= state_.horizon_us) continue;
    if (!visit(row)) return absl::OkStatus();
  }
  return Checked(it->status(), "reading changes");
}

absl::StatusOr<int64_t> StoreView::FindChange(absl::string_view view, int partition,
                                              int64_t time_us) const {
  const int64_t least_ms = time_us / kMicrosPerMilli + (time_us % kMicrosPerMilli > 0 ? 1 : 0);
  // Offsets come in the order of time, but for the clocks of writers: halving finds where the
  // changes of a little earlier begin, and the rest is looked through.
  int64_t from = known_from(partition);
  int64_t to = next_offset(partition);
  bool earlier_known = from == 0;
  const auto first_from = [&](int64_t offset, int64_t earliest_ms, StoredRow* found) {
    found->version.offset = -1;
    return ScanChanges(view, partition, offset, [&](const StoredRow& row) {
      if (row.commit_time_ms < earliest_ms) {
        earlier_known = true;
        return true;
      }
      *found = row;
      return false;
    });
  };
  StoredRow found;
  while (from < to) {
    const int64_t middle = from + (to - from) / 2;
    const absl::Status scanned = first_from(middle, std::numeric_limits<int64_t>::min(), &found);
    if (!scanned.ok()) return scanned;
    if (found.version.offset >= 0 && found.commit_time_ms < least_ms - kMaxClockSkewMs) {
      earlier_known = true;
      from = found.version.offset + 1;
    } else {
      to = middle;
    }
  }
  const absl::Status scanned = first_from(from, least_ms, &found);
  if (!scanned.ok()) return scanned;
  if (!earlier_known) {
    return absl::OutOfRangeError("what was committed then is not all known any more");
  }
  return found.version.offset >= 0 ? found.version.offset : next_offset(partition);
}

absl::Status StoreView::ScanClosing(
    absl::string_view view, int partition, absl::string_view from_key, absl::string_view to_key,
    absl::FunctionRef<bool(absl::string_view key, const StoredRow&)> visit) const {
  const std::string first_kept = ClosingCursorAfter(state_.horizon_us);
  if (from_key < first_kept) from_key = first_kept;
  if (from_key >= to_key) return absl::OkStatus();
  const std::string prefix = ClosingPrefix(view, partition);
  const std::string from = absl::StrCat(prefix, from_key);
  const std::string to = absl::StrCat(prefix, to_key);
  const rocksdb::Slice upper_bound(to);
  rocksdb::ReadOptions options = Options();
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator(options));
  std::string buffer;
  for (it->Seek(ToSlice(from)); it->Valid(); it->Next()) {
    const absl::string_view key = ToView(it->key()).substr(prefix.size());
    int64_t window_end_us = 0;
    absl::string_view row_key;
    if (!DecodeClosingKey(key, &window_end_us, &row_key)) {
      database_->broken = true;
      return Unreadable("closing key");
    }
    StoredRow row;
    const absl::Status read = ReadRow(view, row_key, &buffer, &row);
    if (!read.ok()) return read;
    if (!visit(key, row)) return absl::OkStatus();
  }
  return Checked(it->status(), "reading closed rows");
}

}  // namespace windrow::query
