#ifndef SERVICES_QUERY_SINK_STORE_LAYOUT_H_
#define SERVICES_QUERY_SINK_STORE_LAYOUT_H_

#include <rocksdb/status.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/query/sink/store_view.h"

namespace windrow::query {

// How a store lies in RocksDB: the keys and values of one pipeline. All keys begin with a letter
// that says what they are; numbers in keys are big-endian (core/ordered_bytes.h). A change of
// anything here raises kStoreFormat; a store of another format is rebuilt.
inline constexpr uint32_t kStoreFormat = 4;

// Facts about the store as a whole.
std::string MetaKey(absl::string_view name);
// One key per batch that was written: each batch adds its own and takes the one before away, so
// that there is exactly one unless a batch is missing. MarkPrefix begins all of them.
std::string MarkKey(int64_t batch);
absl::string_view MarkPrefix();
// Per partition of the topic: where to go on reading, and its progress.
std::string NextOffsetKey(int partition);
std::string ProgressKey(int partition);
// Per partition: the offset below which changes may be unknown; absent when all are known.
std::string KnownFromKey(int partition);
std::string ExpiredThroughKey(int partition);
// Per view: its summary. ViewPrefix begins all of these keys.
std::string ViewKey(absl::string_view view);
absl::string_view ViewPrefix();
// Rows of a view by row key; windows by start; late counts by window and merge partition.
std::string RowPrefix(absl::string_view view);
std::string WindowPrefix(absl::string_view view);
std::string WindowKey(absl::string_view view, int64_t window_start_us);
std::string LedgerKey(absl::string_view view, int64_t window_start_us, int merge_partition);
// The newest version of each row by (partition, offset): value is the row key.
std::string ChangePrefix(absl::string_view view, int partition);
std::string ChangeKey(absl::string_view view, const Version& version);
// Every row that is not deleted by (partition, closing key); without a value.
std::string ClosingPrefix(absl::string_view view, int partition);
// The least key above all keys that begin with `prefix`.
std::string PrefixEnd(absl::string_view prefix);

// Values. Decoding returns false when the bytes are not of the form.
std::string EncodeRow(const StoredRow& row);
// Fills in all but window start and group; `row` points into `bytes`.
bool DecodeRow(absl::string_view bytes, StoredRow* row);
std::string EncodeWindow(const StoredWindow& window);
bool DecodeWindow(absl::string_view bytes, StoredWindow* window);
std::string EncodeViewSummary(const ViewSummary& summary);
bool DecodeViewSummary(absl::string_view bytes, ViewSummary* summary);
std::string EncodeNumber(int64_t number);
bool DecodeNumber(absl::string_view bytes, int64_t* number);

// DATA_LOSS when RocksDB says that its files are damaged or missing, RESOURCE_EXHAUSTED for a full
// disk, quota or largest file, else INTERNAL; OK stays OK.
absl::Status StoreError(const rocksdb::Status& status, absl::string_view doing);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_STORE_LAYOUT_H_
