#ifndef SERVICES_QUERY_SINK_BATCH_WRITER_H_
#define SERVICES_QUERY_SINK_BATCH_WRITER_H_

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "services/query/core/result_change.h"
#include "services/query/sink/sorted_writes.h"
#include "services/query/sink/store_view.h"
#include "services/query/sink/writer_memory.h"

namespace windrow::query {

// Turns one batch of changes into one atomic write of the store: rows, their index entries, the
// sums of their windows and views, progress and offsets. Changes that have been applied before
// (below the store's next offsets) are left out. Used once, by one thread, while nobody else
// writes to the database.
class BatchWriter {
 public:
  // `before` is the state that the database is in; both must outlive this.
  BatchWriter(rocksdb::DB* db, const StoreView::State& before, WriterMemory memory);

  // Adds the changes. Errors are those of reading the rows that are replaced.
  absl::Status Add(const ChangeBatch& batch);

  // What to write, and the state that the database is in then.
  rocksdb::WriteBatch* write() { return &write_; }
  StoreView::State TakeState() { return std::move(after_); }
  // What is known once that has been written.
  WriterMemory TakeMemory() { return std::move(memory_); }

 private:
  // A view that is written to.
  struct View {
    std::string id;
    WriterMemory::View* memory;
    ViewSummary* summary;
    // Windows whose sums have changed, each at least once.
    std::vector<int64_t> changed_windows;
  };

  // The newest version of each row that changed, by view, window and group.
  std::vector<const RowChange*> SortRows(const ChangeBatch& batch) const;
  bool IsNew(const Version& version) const;
  absl::Status AddRow(const RowChange& change);
  // The row in the store that the change is about; absent when there is none. Points into buffer_.
  absl::Status ReadRow(const RowChange& change, absl::optional<StoredRow>* row);
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
  // The sums of a window, as changed so far, to be changed at once.
  absl::Status ChangeWindow(View* view, int64_t window_start_us, StoredWindow** window);
  View* TouchView(const std::string& id);

  rocksdb::DB* const db_;
  const StoreView::State& before_;
  StoreView::State after_;
  WriterMemory memory_;
  rocksdb::WriteBatch write_;
  // Of the rows that are added.
  SortedWrites changes_;
  SortedWrites closings_;
  // By id.
  std::map<std::string, View> views_;
  absl::flat_hash_map<std::string, uint64_t> ledgers_;
  std::string buffer_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_BATCH_WRITER_H_
