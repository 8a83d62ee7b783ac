#include "services/query/sink/batch_writer.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/query/core/row_key.h"
#include "services/query/sink/store_layout.h"

namespace windrow::query {
namespace {

std::string FullRowKey(const RowChange& change) {
  return absl::StrCat(RowPrefix(change.view), EncodeRowKey(change.window_start_us, change.group));
}

std::string FullClosingKey(const RowChange& change, int partition, int64_t window_end_us) {
  return absl::StrCat(
      ClosingPrefix(change.view, partition),
      EncodeClosingKey(window_end_us, EncodeRowKey(change.window_start_us, change.group)));
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("a stored ", what, " cannot be read"));
}

}  // namespace

BatchWriter::BatchWriter(rocksdb::DB* db, const StoreView::State& before)
    : db_(db), before_(before), after_(before) {}

absl::Status BatchWriter::Add(const ChangeBatch& batch) {
  // A row may change many times in a batch; only its newest version is kept.
  absl::flat_hash_map<std::string, const RowChange*> newest;
  std::vector<std::string> order;
  for (const RowChange& change : batch.rows) {
    if (!IsNew(change.version)) continue;
    const auto [it, inserted] = newest.try_emplace(FullRowKey(change), &change);
    if (inserted) order.push_back(it->first);
    it->second = &change;
  }
  for (const std::string& key : order) {
    const absl::Status added = AddRow(*newest[key]);
    if (!added.ok()) return added;
  }
  for (const LedgerChange& change : batch.ledgers) {
    if (!IsNew(change.version)) continue;
    const absl::Status added = AddLedger(change);
    if (!added.ok()) return added;
  }
  AddProgress(batch);
  WriteWindows();
  WriteViews();
  AddOffsets(batch);
  return absl::OkStatus();
}

bool BatchWriter::IsNew(const Version& version) const {
  return version.partition >= 0 &&
         version.partition < static_cast<int>(before_.next_offsets.size()) &&
         version.offset >= before_.next_offsets[version.partition];
}

absl::Status BatchWriter::AddRow(const RowChange& change) {
  std::string bytes;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), FullRowKey(change), &bytes);
  if (!status.ok() && !status.IsNotFound()) return StoreError(status, "reading a row");
  std::optional<StoredRow> old;
  if (status.ok()) {
    old.emplace();
    if (!DecodeRow(bytes, &*old)) return Damaged("row");
  } else if (change.deleted) {
    return absl::OkStatus();  // Nobody has ever seen the row here.
  }
  if (IsExpired(change, old.has_value() ? &*old : nullptr)) return absl::OkStatus();
  StoredWindow* window = nullptr;
  const absl::Status loaded = LoadWindow(change.view, change.window_start_us, &window);
  if (!loaded.ok()) return loaded;
  ViewSummary& view = TouchView(change.view);

  if (old.has_value()) {
    RemoveIndexEntries(change, *old);
    if (!old->deleted) {
      window->CountRow(-1, old->accepted, old->revision);
      --view.rows;
    }
  }
  if (change.deleted) {
    DeleteRow(change, *old);
  } else {
    PutRow(change, old.has_value() ? &*old : nullptr);
    // Without a row there is no end yet, not even one at 1970.
    window->window_end_us = window->rows == 0
                                ? change.window_end_us
                                : std::max(window->window_end_us, change.window_end_us);
    window->CountRow(1, change.accepted, change.revision);
    ++view.rows;
  }
  write_.Put(ChangeKey(change.view, change.version),
             EncodeRowKey(change.window_start_us, change.group));
  int64_t& changed_through = view.changed_through[change.version.partition];
  changed_through = std::max(changed_through, change.version.offset + 1);
  return absl::OkStatus();
}

bool BatchWriter::IsExpired(const RowChange& change, const StoredRow* old) const {
  const int64_t horizon_us = before_.horizon_us;
  return (old == nullptr || old->window_end_us <= horizon_us) &&
         (change.deleted || change.window_end_us <= horizon_us);
}

void BatchWriter::RemoveIndexEntries(const RowChange& change, const StoredRow& old) {
  write_.Delete(ChangeKey(change.view, old.version));
  const bool closing_entry_stays = !change.deleted &&
                                   old.version.partition == change.version.partition &&
                                   old.window_end_us == change.window_end_us;
  if (!old.deleted && !closing_entry_stays) {
    write_.Delete(FullClosingKey(change, old.version.partition, old.window_end_us));
  }
}

void BatchWriter::PutRow(const RowChange& change, const StoredRow* old) {
  StoredRow row;
  row.version = change.version;
  row.commit_time_ms = change.commit_time_ms;
  row.window_end_us = change.window_end_us;
  row.accepted = change.accepted;
  row.revision = change.revision;
  row.payload = change.payload;
  write_.Put(FullRowKey(change), EncodeRow(row));
  const bool has_closing_entry = old != nullptr && !old->deleted &&
                                 old->version.partition == change.version.partition &&
                                 old->window_end_us == change.window_end_us;
  if (!has_closing_entry) {
    write_.Put(FullClosingKey(change, change.version.partition, change.window_end_us), "");
  }
}

void BatchWriter::DeleteRow(const RowChange& change, const StoredRow& old) {
  // What was last known of the row stays: subscribers are told which row is gone.
  StoredRow row = old;
  row.version = change.version;
  row.commit_time_ms = change.commit_time_ms;
  row.accepted = 0;
  row.revision = 0;
  row.deleted = true;
  write_.Put(FullRowKey(change), EncodeRow(row));
}

absl::Status BatchWriter::AddLedger(const LedgerChange& change) {
  const std::string key = LedgerKey(change.view, change.window_start_us, change.merge_partition);
  const auto [it, inserted] = ledgers_.try_emplace(key, 0);
  if (inserted) {
    std::string bytes;
    const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), key, &bytes);
    if (!status.ok() && !status.IsNotFound()) return StoreError(status, "reading a ledger");
    int64_t late = 0;
    if (status.ok() && !DecodeNumber(bytes, &late)) return Damaged("ledger");
    it->second = static_cast<uint64_t>(late);
  }
  StoredWindow* window = nullptr;
  const absl::Status loaded = LoadWindow(change.view, change.window_start_us, &window);
  if (!loaded.ok()) return loaded;
  window->late += change.late - it->second;
  TouchView(change.view).late += change.late - it->second;
  it->second = change.late;
  if (change.late == 0) {
    write_.Delete(key);
  } else {
    write_.Put(key, EncodeNumber(static_cast<int64_t>(change.late)));
  }
  return absl::OkStatus();
}

void BatchWriter::AddProgress(const ChangeBatch& batch) {
  std::vector<std::optional<PartitionProgress>> partitions(before_.next_offsets.size());
  for (size_t i = 0; i < partitions.size(); ++i) {
    partitions[i] = before_.results->progress(static_cast<int>(i));
  }
  bool changed = false;
  for (const ProgressChange& change : batch.progress) {
    if (!IsNew(change.version)) continue;
    changed = true;
    partitions[change.version.partition] = change.progress;
    write_.Put(ProgressKey(change.version.partition), EncodeProgress(change.progress));
    for (const std::string& view : change.progress.views) {
      if (after_.views.count(view) == 0) TouchView(view);
    }
  }
  if (changed) after_.results = std::make_shared<ResultView>(std::move(partitions));
}

void BatchWriter::AddOffsets(const ChangeBatch& batch) {
  const size_t partitions = std::min(batch.next_offsets.size(), after_.next_offsets.size());
  for (size_t i = 0; i < partitions; ++i) {
    const int64_t first = i < batch.first_offsets.size() ? batch.first_offsets[i] : 0;
    if (before_.next_offsets[i] == 0 && first > after_.known_from[i]) {
      after_.known_from[i] = first;
      write_.Put(KnownFromKey(static_cast<int>(i)), EncodeNumber(first));
    }
    if (batch.next_offsets[i] <= after_.next_offsets[i]) continue;
    after_.next_offsets[i] = batch.next_offsets[i];
    write_.Put(NextOffsetKey(static_cast<int>(i)), EncodeNumber(batch.next_offsets[i]));
  }
}

absl::Status BatchWriter::LoadWindow(const std::string& view, int64_t window_start_us,
                                     StoredWindow** window) {
  const auto [it, inserted] = windows_.try_emplace(WindowId(view, window_start_us));
  *window = &it->second;
  if (!inserted) return absl::OkStatus();
  std::string bytes;
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), WindowKey(view, window_start_us), &bytes);
  if (status.IsNotFound()) return absl::OkStatus();
  if (!status.ok()) return StoreError(status, "reading a window");
  return DecodeWindow(bytes, *window) ? absl::OkStatus() : Damaged("window");
}

ViewSummary& BatchWriter::TouchView(const std::string& view) {
  touched_views_.insert(view);
  ViewSummary& summary = after_.views[view];
  summary.changed_through.resize(after_.next_offsets.size());
  return summary;
}

void BatchWriter::WriteWindows() {
  for (const auto& [id, window] : windows_) {
    const std::string key = WindowKey(id.first, id.second);
    if (window.rows == 0 && window.late == 0) {
      write_.Delete(key);
    } else {
      write_.Put(key, EncodeWindow(window));
    }
  }
}

void BatchWriter::WriteViews() {
  for (const std::string& view : touched_views_) {
    write_.Put(ViewKey(view), EncodeViewSummary(after_.views[view]));
  }
}

}  // namespace windrow::query
