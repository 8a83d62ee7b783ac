#include "services/query/sink/store_layout.h"

#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/query/core/ordered_bytes.h"

namespace windrow::query {
namespace {

constexpr char kMark = 'b';
constexpr char kChange = 'c';
constexpr char kClosing = 'f';
constexpr char kExpiredThrough = 'e';
constexpr char kKnownFrom = 'k';
constexpr char kLedger = 'l';
constexpr char kMeta = 'm';
constexpr char kNextOffset = 'n';
constexpr char kProgress = 'p';
constexpr char kRow = 'r';
constexpr char kView = 'v';
constexpr char kWindow = 'w';

std::string PartitionKey(char kind, int partition) {
  std::string key(1, kind);
  AppendUint32(&key, static_cast<uint32_t>(partition));
  return key;
}

std::string PrefixOfView(char kind, absl::string_view view) {
  std::string key(1, kind);
  AppendText(&key, view);
  return key;
}

std::string PrefixOfPartition(char kind, absl::string_view view, int partition) {
  std::string key = PrefixOfView(kind, view);
  AppendUint32(&key, static_cast<uint32_t>(partition));
  return key;
}

}  // namespace

std::string MetaKey(absl::string_view name) { return absl::StrCat(std::string(1, kMeta), name); }

std::string MarkKey(int64_t batch) {
  std::string key(MarkPrefix());
  AppendInt64(&key, batch);
  return key;
}

absl::string_view MarkPrefix() { return absl::string_view(&kMark, 1); }

std::string NextOffsetKey(int partition) { return PartitionKey(kNextOffset, partition); }

std::string ProgressKey(int partition) { return PartitionKey(kProgress, partition); }

std::string KnownFromKey(int partition) { return PartitionKey(kKnownFrom, partition); }

std::string ExpiredThroughKey(int partition) { return PartitionKey(kExpiredThrough, partition); }

std::string ViewKey(absl::string_view view) { return absl::StrCat(ViewPrefix(), view); }

absl::string_view ViewPrefix() { return absl::string_view(&kView, 1); }

std::string RowPrefix(absl::string_view view) { return PrefixOfView(kRow, view); }

std::string WindowPrefix(absl::string_view view) { return PrefixOfView(kWindow, view); }

std::string WindowKey(absl::string_view view, int64_t window_start_us) {
  std::string key = WindowPrefix(view);
  AppendInt64(&key, window_start_us);
  return key;
}

std::string LedgerKey(absl::string_view view, int64_t window_start_us, int merge_partition) {
  std::string key = PrefixOfView(kLedger, view);
  AppendInt64(&key, window_start_us);
  AppendUint32(&key, static_cast<uint32_t>(merge_partition));
  return key;
}

std::string ChangePrefix(absl::string_view view, int partition) {
  return PrefixOfPartition(kChange, view, partition);
}

std::string ChangeKey(absl::string_view view, const Version& version) {
  std::string key = ChangePrefix(view, version.partition);
  AppendInt64(&key, version.offset);
  return key;
}

std::string ClosingPrefix(absl::string_view view, int partition) {
  return PrefixOfPartition(kClosing, view, partition);
}

std::string PrefixEnd(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::string EncodeRow(const StoredRow& row) {
  std::string bytes;
  bytes.reserve(48 + row.payload.size());
  AppendUint32(&bytes, static_cast<uint32_t>(row.version.partition));
  AppendInt64(&bytes, row.version.offset);
  AppendInt64(&bytes, row.commit_time_ms);
  AppendInt64(&bytes, row.window_end_us);
  AppendUint64(&bytes, row.accepted);
  AppendUint32(&bytes, row.revision);
  AppendUint32(&bytes, row.deleted ? 1 : 0);
  bytes.append(row.payload.data(), row.payload.size());
  return bytes;
}

bool DecodeRow(absl::string_view bytes, StoredRow* row) {
  BytesReader reader(bytes);
  uint32_t partition = 0;
  uint32_t deleted = 0;
  if (!reader.ReadUint32(&partition) || !reader.ReadInt64(&row->version.offset) ||
      !reader.ReadInt64(&row->commit_time_ms) || !reader.ReadInt64(&row->window_end_us) ||
      !reader.ReadUint64(&row->accepted) || !reader.ReadUint32(&row->revision) ||
      !reader.ReadUint32(&deleted)) {
    return false;
  }
  row->version.partition = static_cast<int>(partition);
  row->deleted = deleted != 0;
  row->payload = reader.rest();
  return true;
}

std::string EncodeWindow(const StoredWindow& window) {
  std::string bytes;
  AppendInt64(&bytes, window.window_end_us);
  AppendInt64(&bytes, window.rows);
  AppendUint64(&bytes, window.accepted);
  AppendUint64(&bytes, window.late);
  for (const auto& [revision, rows] : window.corrected) {
    AppendUint32(&bytes, revision);
    AppendInt64(&bytes, rows);
  }
  return bytes;
}

bool DecodeWindow(absl::string_view bytes, StoredWindow* window) {
  BytesReader reader(bytes);
  if (!reader.ReadInt64(&window->window_end_us) || !reader.ReadInt64(&window->rows) ||
      !reader.ReadUint64(&window->accepted) || !reader.ReadUint64(&window->late)) {
    return false;
  }
  window->corrected.clear();
  while (!reader.rest().empty()) {
    uint32_t revision = 0;
    int64_t rows = 0;
    if (!reader.ReadUint32(&revision) || !reader.ReadInt64(&rows)) return false;
    window->corrected[revision] = rows;
  }
  return true;
}

std::string EncodeViewSummary(const ViewSummary& summary) {
  std::string bytes;
  AppendInt64(&bytes, summary.rows);
  AppendUint64(&bytes, summary.late);
  return bytes;
}

bool DecodeViewSummary(absl::string_view bytes, ViewSummary* summary) {
  BytesReader reader(bytes);
  return reader.ReadInt64(&summary->rows) && reader.ReadUint64(&summary->late) &&
         reader.rest().empty();
}

std::string EncodeNumber(int64_t number) {
  std::string bytes;
  AppendInt64(&bytes, number);
  return bytes;
}

bool DecodeNumber(absl::string_view bytes, int64_t* number) {
  BytesReader reader(bytes);
  return reader.ReadInt64(number) && reader.rest().empty();
}

absl::Status StoreError(const rocksdb::Status& status, absl::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string words = absl::StrCat(doing, ": ", status.ToString());
  if (status.IsCorruption() || status.IsPathNotFound()) return absl::DataLossError(words);
  const bool no_room = status.IsNoSpace() || absl::StrContains(words, strerror(EDQUOT)) ||
                       absl::StrContains(words, strerror(EFBIG));
  if (no_room) return absl::ResourceExhaustedError(words);
  return absl::InternalError(words);
}

}  // namespace windrow::query
