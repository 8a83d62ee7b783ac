#ifndef SERVICES_QUERY_SINK_EXPIRY_H_
#define SERVICES_QUERY_SINK_EXPIRY_H_

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/query/sink/store_view.h"

namespace windrow::query {

// Takes rows off the disk whose windows are behind the store's horizon, with all that points to
// them. Readers do not see such rows any more, so this only makes room: in passes over the store,
// each in steps of a bounded size. Late counts stay until the aggregator takes them back. Used by
// the store's writer.
class Expiry {
 public:
  // Windows are kept for `retention` behind the watermark; for ever if it is infinite.
  explicit Expiry(absl::Duration retention) : retention_(retention) {}

  // The horizon at a watermark, microseconds since 1970: windows that end at or before it are gone.
  int64_t HorizonAt(int64_t closed_through_us) const;

  // Whether there is a step to do. A pass is begun when the horizon has moved by a 64th of the
  // retention since the last one.
  bool IsDue(const StoreView::State& state) const;

  // Adds one step to `write`, and to `state` what it changes. Errors are those of reading. After an
  // error, or if the write fails, begin anew with another object.
  absl::Status Step(rocksdb::DB* db, rocksdb::WriteBatch* write, StoreView::State* state);

 private:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

  // Rows that follow each other, to be removed together.
  struct Run {
    std::string first;
    std::string last;
  };

  absl::Status ScanView(rocksdb::DB* db, rocksdb::WriteBatch* write, StoreView::State* state,
                        bool* ended);
  absl::Status RemoveRow(rocksdb::DB* db, const StoredRow& row, rocksdb::WriteBatch* write,
                         StoreView::State* state);
  void EndRun(rocksdb::WriteBatch* write);
  void WriteWindows(rocksdb::WriteBatch* write);
  // To the next view, or to the end of the pass.
  void EndView(rocksdb::WriteBatch* write, const StoreView::State& state);

  absl::Duration retention_;
  // Of the pass under way, or the last one.
  int64_t pass_horizon_us_ = kNever;
  bool in_pass_ = false;
  // Where the pass goes on.
  std::string view_;
  std::string next_row_key_;
  // Of the step.
  Run run_;
  std::map<int64_t, StoredWindow> windows_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_EXPIRY_H_
