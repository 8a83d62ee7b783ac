#ifndef SERVICES_QUERY_SINK_STORE_VIEW_H_
#define SERVICES_QUERY_SINK_STORE_VIEW_H_

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/query/core/result_change.h"
#include "services/query/core/result_view.h"
#include "services/query/sink/answer_cache.h"

namespace windrow::query {

// An open RocksDB directory. Closed, and removed if that was asked for, when the last one that
// reads from it lets go. Thread-safe.
struct Database {
  Database(std::unique_ptr<rocksdb::DB> opened, std::string directory)
      : db(std::move(opened)), path(std::move(directory)) {}
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  std::unique_ptr<rocksdb::DB> db;
  const std::string path;
  std::atomic<bool> remove_when_closed{false};
  // Set when a read or a write found the files damaged.
  std::atomic<bool> broken{false};
};

// A row as stored. The views are valid only during the visit.
struct StoredRow {
  Version version;
  // Kafka timestamp of the version, milliseconds since 1970.
  int64_t commit_time_ms = 0;
  int64_t window_start_us = 0;
  int64_t window_end_us = 0;
  absl::string_view group;
  uint64_t accepted = 0;
  uint32_t revision = 0;
  // Whether the row has been deleted; group, times and payload are those of its last version.
  bool deleted = false;
  // results.v1.Row, serialized.
  absl::string_view payload;
};

// A window as stored. The end is 0 while no row of it has been seen.
struct StoredWindow {
  int64_t window_start_us = 0;
  int64_t window_end_us = 0;
  int64_t rows = 0;
  uint64_t accepted = 0;
  uint64_t late = 0;
  // Number of rows by revision, of those that have been corrected.
  std::map<uint32_t, int64_t> corrected;

  // Counts so many equal rows in, or out.
  void CountRow(int64_t count, uint64_t row_accepted, uint32_t row_revision) {
    rows += count;
    accepted += static_cast<uint64_t>(count) * row_accepted;
    if (row_revision == 0) return;
    int64_t& same = corrected[row_revision];
    same += count;
    if (same == 0) corrected.erase(row_revision);
  }
  // The largest revision among the rows.
  uint32_t revision() const { return corrected.empty() ? 0 : corrected.rbegin()->first; }
};

// What is known of one view.
struct ViewSummary {
  int64_t rows = 0;
  uint64_t late = 0;
  // Offset after the last change in each partition: nothing changed at or after it.
  std::vector<int64_t> changed_through;
};

// The content of a store as of one applied batch. Immutable and thread-safe; shared by all readers
// of that moment. Keeps old versions of rows alive while it lives, so hold it for a short time.
// Reads return DATA_LOSS when the files are damaged (the store is then rebuilt), else INTERNAL.
// Times are microseconds since 1970 UTC; a visitor ends a scan by returning false.
class StoreView {
 public:
  // What the writer knows at that moment.
  struct State {
    // Names the topic's log; see core/resume_token.h.
    std::string incarnation;
    // Raised when the log itself was replaced: positions of before mean nothing then.
    int64_t epoch = 0;
    // Whether everything there was has been read once.
    bool complete = false;
    std::vector<int64_t> next_offsets;
    // Windows that end at or before it are no longer kept.
    int64_t horizon_us = std::numeric_limits<int64_t>::min();
    // Changes below may be unknown: the log no longer held them when it was read.
    std::vector<int64_t> known_from;
    // Rows that last changed below it have been removed, as the retention says; 0 for none.
    std::vector<int64_t> expired_through;
    std::shared_ptr<const ResultView> results;
    // By id.
    std::map<std::string, ViewSummary> views;
  };

  StoreView(std::shared_ptr<Database> database, State state);
  ~StoreView();
  StoreView(const StoreView&) = delete;
  StoreView& operator=(const StoreView&) = delete;

  int partitions() const { return static_cast<int>(state_.next_offsets.size()); }
  const std::string& incarnation() const { return state_.incarnation; }
  int64_t epoch() const { return state_.epoch; }
  bool complete() const { return state_.complete; }
  // Everything below has been applied.
  int64_t next_offset(int partition) const { return state_.next_offsets[partition]; }
  // Changes at smaller offsets may be unknown; 0 when all are known.
  int64_t known_from(int partition) const { return state_.known_from[partition]; }
  // Whether a reader who took up to `next_offset` of a partition may have missed rows that are
  // removed by now. One who took nothing of it missed nothing: such rows are not part of it.
  bool IsExpired(int partition, int64_t next_offset) const {
    return next_offset > known_from(partition) && next_offset < state_.expired_through[partition];
  }
  int64_t horizon_us() const { return state_.horizon_us; }
  // Whether the files were found damaged: nothing more is to be read from them.
  bool damaged() const { return database_->broken; }
  const ResultView& results() const { return *state_.results; }
  const std::map<std::string, ViewSummary>& views() const { return state_.views; }
  const State& state() const { return state_; }
  // What has been answered from it.
  AnswerCache& answers() const { return answers_; }

  // Rows of windows that start in [start_us, end_us), by window start and group, from the row
  // after `after_key` (core/row_key.h) on; "" for all. Deleted rows are left out.
  absl::Status ScanRows(absl::string_view view, int64_t start_us, int64_t end_us,
                        absl::string_view after_key,
                        absl::FunctionRef<bool(const StoredRow&)> visit) const;

  // Windows that start in [start_us, end_us), by start.
  absl::Status ScanWindows(absl::string_view view, int64_t start_us, int64_t end_us,
                           bool newest_first,
                           absl::FunctionRef<bool(const StoredWindow&)> visit) const;

  // Rows that last changed in a partition at or after `from_offset`, by offset, each once;
  // deleted ones too.
  absl::Status ScanChanges(absl::string_view view, int partition, int64_t from_offset,
                           absl::FunctionRef<bool(const StoredRow&)> visit) const;

  // The offset of the first change at or after which changes may have been committed at or after
  // `time_us`: none before was, by clocks of writers that differ by 10 s at most. The end when no
  // change was. OUT_OF_RANGE when changes that are unknown here may have been.
  absl::StatusOr<int64_t> FindChange(absl::string_view view, int partition, int64_t time_us) const;

  // Rows of a partition by closing key (core/row_key.h), in [from_key, to_key).
  absl::Status ScanClosing(
      absl::string_view view, int partition, absl::string_view from_key, absl::string_view to_key,
      absl::FunctionRef<bool(absl::string_view key, const StoredRow&)> visit) const;

 private:
  absl::Status ReadRow(absl::string_view view, absl::string_view row_key, std::string* buffer,
                       StoredRow* row) const;
  absl::Status Checked(const rocksdb::Status& status, absl::string_view doing) const;
  rocksdb::ReadOptions Options() const;

  const std::shared_ptr<Database> database_;
  const rocksdb::Snapshot* const snapshot_;
  const State state_;
  mutable AnswerCache answers_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_STORE_VIEW_H_
