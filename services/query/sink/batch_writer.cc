#include "services/query/sink/batch_writer.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>
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

BatchWriter::BatchWriter(rocksdb::DB* db, const StoreView::State& before, WriterMemory memory)
    : db_(db), before_(before), after_(before), memory_(std::move(memory)) {
  memory_.TrimWindows();
}

absl::Status BatchWriter::Add(const ChangeBatch& batch) {
  for (const RowChange* const change : SortRows(batch)) {
    const absl::Status added = AddRow(*change);
    if (!added.ok()) return added;
  }
  changes_.MoveTo(&write_);
  closings_.MoveTo(&write_);
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

// A row may change many times in a batch; in their order, rows are found and placed side by side.
std::vector<const RowChange*> BatchWriter::SortRows(const ChangeBatch& batch) const {
  std::vector<const RowChange*> rows;
  rows.reserve(batch.rows.size());
  for (const RowChange& change : batch.rows) {
    if (IsNew(change.version)) rows.push_back(&change);
  }
  const auto key = [](const RowChange* change) {
    return std::tie(change->view, change->window_start_us, change->group);
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [key](const RowChange* a, const RowChange* b) { return key(a) < key(b); });
  // Of equal ones the last, which is the newest, stays.
  const auto first_kept =
      std::unique(rows.rbegin(), rows.rend(),
                  [key](const RowChange* a, const RowChange* b) { return key(a) == key(b); });
  rows.erase(rows.begin(), first_kept.base());
  return rows;
}

bool BatchWriter::IsNew(const Version& version) const {
  return version.partition >= 0 &&
         version.partition < static_cast<int>(before_.next_offsets.size()) &&
         version.offset >= before_.next_offsets[version.partition];
}

absl::Status BatchWriter::ReadRow(const RowChange& change, absl::optional<StoredRow>* row) {
  const WriterMemory::View& known = *memory_.view(change.view);
  if (!known.MayHoldRow(change.window_start_us, change.group)) return absl::OkStatus();
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), FullRowKey(change), &buffer_);
  if (status.IsNotFound()) return absl::OkStatus();
  if (!status.ok()) return StoreError(status, "reading a row");
  row->emplace();
  return DecodeRow(buffer_, &**row) ? absl::OkStatus() : Damaged("row");
}

absl::Status BatchWriter::AddRow(const RowChange& change) {
  absl::optional<StoredRow> old;
  const absl::Status read = ReadRow(change, &old);
  if (!read.ok()) return read;
  // Nobody has ever seen the row here.
  if (!old.has_value() && change.deleted) return absl::OkStatus();
  if (IsExpired(change, old.has_value() ? &*old : nullptr)) return absl::OkStatus();
  View* const view = TouchView(change.view);
  StoredWindow* window = nullptr;
  const absl::Status loaded = ChangeWindow(view, change.window_start_us, &window);
  if (!loaded.ok()) return loaded;

  if (old.has_value()) {
    RemoveIndexEntries(change, *old);
    if (!old->deleted) {
      window->CountRow(-1, old->accepted, old->revision);
      --view->summary->rows;
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
    ++view->summary->rows;
  }
  view->memory->AddRow(change.window_start_us, change.group);
  changes_.Put(ChangeKey(change.view, change.version),
               EncodeRowKey(change.window_start_us, change.group));
  int64_t& changed_through = view->summary->changed_through[change.version.partition];
  changed_through = std::max(changed_through, change.version.offset + 1);
  return absl::OkStatus();
}

bool BatchWriter::IsExpired(const RowChange& change, const StoredRow* old) const {
  const int64_t horizon_us = before_.horizon_us;
  return (old == nullptr || old->window_end_us <= horizon_us) &&
         (change.deleted || change.window_end_us <= horizon_us);
}

void BatchWriter::RemoveIndexEntries(const RowChange& change, const StoredRow& old) {
  changes_.Delete(ChangeKey(change.view, old.version));
  const bool closing_entry_stays = !change.deleted &&
                                   old.version.partition == change.version.partition &&
                                   old.window_end_us == change.window_end_us;
  if (!old.deleted && !closing_entry_stays) {
    closings_.Delete(FullClosingKey(change, old.version.partition, old.window_end_us));
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
    closings_.Put(FullClosingKey(change, change.version.partition, change.window_end_us), "");
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
  View* const view = TouchView(change.view);
  StoredWindow* window = nullptr;
  const absl::Status loaded = ChangeWindow(view, change.window_start_us, &window);
  if (!loaded.ok()) return loaded;
  window->late += change.late - it->second;
  view->summary->late += change.late - it->second;
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

absl::Status BatchWriter::ChangeWindow(View* view, int64_t window_start_us, StoredWindow** window) {
  std::vector<int64_t>& changed = view->changed_windows;
  if (changed.empty() || changed.back() != window_start_us) changed.push_back(window_start_us);
  *window = view->memory->FindWindow(window_start_us);
  if (*window != nullptr) return absl::OkStatus();
  const bool may_be_stored = view->memory->MayHoldWindow(window_start_us);
  *window = view->memory->AddWindow(window_start_us);
  if (!may_be_stored) return absl::OkStatus();
  std::string bytes;
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), WindowKey(view->id, window_start_us), &bytes);
  if (status.IsNotFound()) return absl::OkStatus();
  if (!status.ok()) return StoreError(status, "reading a window");
  return DecodeWindow(bytes, *window) ? absl::OkStatus() : Damaged("window");
}

BatchWriter::View* BatchWriter::TouchView(const std::string& id) {
  const auto [it, inserted] = views_.try_emplace(id);
  if (inserted) {
    ViewSummary& summary = after_.views[id];
    summary.changed_through.resize(after_.next_offsets.size());
    it->second = {id, memory_.view(id), &summary, {}};
  }
  return &it->second;
}

void BatchWriter::WriteWindows() {
  for (auto& [id, view] : views_) {
    std::vector<int64_t>& changed = view.changed_windows;
    std::sort(changed.begin(), changed.end());
    changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
    for (const int64_t start_us : changed) {
      StoredWindow& window = *view.memory->FindWindow(start_us);
      if (window.rows == 0 && window.late == 0) {
        write_.Delete(WindowKey(id, start_us));
        window = StoredWindow();
      } else {
        write_.Put(WindowKey(id, start_us), EncodeWindow(window));
      }
    }
  }
}

void BatchWriter::WriteViews() {
  for (const auto& [id, view] : views_) {
    write_.Put(ViewKey(id), EncodeViewSummary(*view.summary));
  }
}

}  // namespace windrow::query
