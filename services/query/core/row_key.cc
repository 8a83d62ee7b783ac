#include "services/query/core/row_key.h"

#include <limits>

#include "services/query/core/ordered_bytes.h"

namespace windrow::query {

std::string EncodeRowKey(int64_t window_start_us, absl::string_view group) {
  std::string bytes;
  AppendInt64(&bytes, window_start_us);
  bytes.append(group.data(), group.size());
  return bytes;
}

bool DecodeRowKey(absl::string_view bytes, RowKey* key) {
  BytesReader reader(bytes);
  if (!reader.ReadInt64(&key->window_start_us)) return false;
  key->group = std::string(reader.rest());
  return true;
}

std::string EncodeClosingKey(int64_t window_end_us, absl::string_view row_key) {
  std::string bytes;
  AppendInt64(&bytes, window_end_us);
  bytes.append(row_key.data(), row_key.size());
  return bytes;
}

bool DecodeClosingKey(absl::string_view bytes, int64_t* window_end_us, absl::string_view* row_key) {
  BytesReader reader(bytes);
  if (!reader.ReadInt64(window_end_us)) return false;
  *row_key = reader.rest();
  return true;
}

std::string ClosingCursorAfter(int64_t closed_through_us) {
  // At the end of time there is no next microsecond; but no window starts at its own end.
  constexpr int64_t kMaxUs = std::numeric_limits<int64_t>::max();
  if (closed_through_us == kMaxUs) return EncodeClosingKey(kMaxUs, EncodeRowKey(kMaxUs, ""));
  return EncodeClosingKey(closed_through_us + 1, "");
}

std::string KeyAfter(absl::string_view key) {
  std::string after(key);
  after.push_back('\0');
  return after;
}

}  // namespace windrow::query
