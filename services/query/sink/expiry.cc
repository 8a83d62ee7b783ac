#include "services/query/sink/expiry.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/query/core/result_change.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/store_layout.h"

namespace windrow::query {
namespace {

// More than a batch of changes adds, so that removing keeps up.
constexpr int kMostRowsOfStep = 2 * kMostChangesOfBatch;
constexpr int kPassesPerRetention = 64;

absl::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("a stored ", what, " cannot be read"));
}

}  // namespace

int64_t Expiry::HorizonAt(int64_t closed_through_us) const {
  if (retention_ == absl::InfiniteDuration()) return kNever;
  const int64_t retention_us = absl::ToInt64Microseconds(retention_);
  return closed_through_us < kNever + retention_us ? kNever : closed_through_us - retention_us;
}

bool Expiry::IsDue(const StoreView::State& state) const {
  if (in_pass_) return true;
  if (state.horizon_us == kNever || state.views.empty()) return false;
  return pass_horizon_us_ == kNever ||
         state.horizon_us - pass_horizon_us_ >=
             std::max<int64_t>(1, absl::ToInt64Microseconds(retention_ / kPassesPerRetention));
}

absl::Status Expiry::Step(rocksdb::DB* db, rocksdb::WriteBatch* write, StoreView::State* state) {
  if (!in_pass_) {
    in_pass_ = true;
    pass_horizon_us_ = state->horizon_us;
    view_ = state->views.begin()->first;
    next_row_key_.clear();
  }
  bool ended = false;
  const absl::Status scanned = ScanView(db, write, state, &ended);
  if (!scanned.ok()) return scanned;
  EndRun(write);
  WriteWindows(write);
  write->Put(ViewKey(view_), EncodeViewSummary(state->views[view_]));
  if (ended) EndView(write, *state);
  return absl::OkStatus();
}

absl::Status Expiry::ScanView(rocksdb::DB* db, rocksdb::WriteBatch* write, StoreView::State* state,
                              bool* ended) {
  const std::string prefix = RowPrefix(view_);
  // A window that starts at the horizon or later ends behind it.
  const std::string to = absl::StrCat(prefix, EncodeRowKey(pass_horizon_us_, ""));
  const rocksdb::Slice upper_bound(to);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper_bound;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(options));
  int looked_at = 0;
  for (it->Seek(absl::StrCat(prefix, next_row_key_)); it->Valid(); it->Next()) {
    const absl::string_view row_key = ToView(it->key()).substr(prefix.size());
    if (++looked_at > kMostRowsOfStep) {
      next_row_key_ = std::string(row_key);
      return absl::OkStatus();
    }
    StoredRow row;
    RowKey key;
    if (!DecodeRow(ToView(it->value()), &row) || !DecodeRowKey(row_key, &key)) {
      return Damaged("row");
    }
    row.window_start_us = key.window_start_us;
    if (row.window_end_us > pass_horizon_us_) {
      EndRun(write);
      continue;
    }
    if (run_.first.empty()) run_.first = it->key().ToString();
    run_.last = it->key().ToString();
    const absl::Status removed = RemoveRow(db, row, write, state);
    if (!removed.ok()) return removed;
  }
  *ended = true;
  return StoreError(it->status(), "looking for expired rows");
}

absl::Status Expiry::RemoveRow(rocksdb::DB* db, const StoredRow& row, rocksdb::WriteBatch* write,
                               StoreView::State* state) {
  write->Delete(ChangeKey(view_, row.version));
  // A reader who was there before has missed the row.
  int64_t& expired_through = state->expired_through[row.version.partition];
  if (row.version.offset >= expired_through) {
    expired_through = row.version.offset + 1;
    write->Put(ExpiredThroughKey(row.version.partition), EncodeNumber(expired_through));
  }
  if (row.deleted) return absl::OkStatus();
  --state->views[view_].rows;
  const auto [it, inserted] = windows_.try_emplace(row.window_start_us);
  if (inserted) {
    std::string bytes;
    const rocksdb::Status status =
        db->Get(rocksdb::ReadOptions(), WindowKey(view_, row.window_start_us), &bytes);
    if (!status.ok() && !status.IsNotFound()) return StoreError(status, "reading a window");
    // A window is there as long as a row of it is.
    if (status.IsNotFound() || !DecodeWindow(bytes, &it->second)) return Damaged("window");
  }
  it->second.CountRow(-1, row.accepted, row.revision);
  return absl::OkStatus();
}

void Expiry::EndRun(rocksdb::WriteBatch* write) {
  if (run_.first.empty()) return;
  if (run_.first == run_.last) {
    write->Delete(run_.first);
  } else {
    write->DeleteRange(run_.first, KeyAfter(run_.last));
  }
  run_ = Run();
}

void Expiry::WriteWindows(rocksdb::WriteBatch* write) {
  for (const auto& [start_us, window] : windows_) {
    const std::string key = WindowKey(view_, start_us);
    if (window.rows == 0 && window.late == 0) {
      write->Delete(key);
    } else {
      write->Put(key, EncodeWindow(window));
    }
  }
  windows_.clear();
}

void Expiry::EndView(rocksdb::WriteBatch* write, const StoreView::State& state) {
  for (size_t i = 0; i < state.next_offsets.size(); ++i) {
    const std::string prefix = ClosingPrefix(view_, static_cast<int>(i));
    write->DeleteRange(prefix, absl::StrCat(prefix, ClosingCursorAfter(pass_horizon_us_)));
  }
  next_row_key_.clear();
  const auto next = state.views.upper_bound(view_);
  in_pass_ = next != state.views.end();
  if (in_pass_) view_ = next->first;
}

}  // namespace windrow::query
