#ifndef SERVICES_QUERY_SINK_BATCH_WRITER_H_
#define SERVICES_QUERY_SINK_BATCH_WRITER_H_

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "services/query/core/result_change.h"
#include "services/query/sink/store_view.h"

namespace windrow::query {

// Turns one batch of changes into one atomic write of the store: rows, their index entries, the
// sums of their windows and views, progress and offsets. Changes that have been applied before
// (below the store's next offsets) are left out. Used once, by one thread, while nobody else
// writes to the database.
class BatchWriter {
 public:
  // `before` is the state that the database is in; both must outlive this.
  BatchWriter(rocksdb::DB* db, const StoreView::State& before);

  // Adds the changes. Errors are those of reading the rows that are replaced.
  absl::Status Add(const ChangeBatch& batch);

  // What to write, and the state that the database is in then.
  rocksdb::WriteBatch* write() { return &write_; }
  StoreView::State TakeState() { return std::move(after_); }

 private:
  using WindowId = std::pair<std::string, int64_t>;

  bool IsNew(const Version& version) const;
  absl::Status AddRow(const RowChange& change);
  // Whether the change, and the row that it is about, are behind the horizon: nobody sees either.
  bool IsExpired(const RowChange& change, const StoredRow* old) const;
  void PutRow(const RowChange& change, const StoredRow* old);
  void DeleteRow(const RowChange& change, const StoredRow& old);
  void RemoveIndexEntries(const RowChange& change, const StoredRow& old);
  absl::Status AddLedger(const LedgerChange& change);
  void AddProgress(const ChangeBatch& batch);
  void AddOffsets(const ChangeBatch& batch);
  void WriteWindows();
  void WriteViews();
  // The sums of a window, as changed so far.
  absl::Status LoadWindow(const std::string& view, int64_t window_start_us, StoredWindow** window);
  ViewSummary& TouchView(const std::string& view);

  rocksdb::DB* const db_;
  const StoreView::State& before_;
  StoreView::State after_;
  rocksdb::WriteBatch write_;
  std::map<WindowId, StoredWindow> windows_;
  // Views whose summaries have changed.
  std::set<std::string> touched_views_;
  absl::flat_hash_map<std::string, uint64_t> ledgers_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_BATCH_WRITER_H_
