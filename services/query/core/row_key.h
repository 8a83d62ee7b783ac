#ifndef SERVICES_QUERY_CORE_ROW_KEY_H_
#define SERVICES_QUERY_CORE_ROW_KEY_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace windrow::query {

// Names a row within its view. Times are microseconds since 1970 UTC.
struct RowKey {
  int64_t window_start_us = 0;
  std::string group;
};

// The group itself, or a name of bounded length (its beginning and a hash) for a long one: keys of
// rows travel in tokens, which must stay short.
std::string BoundedGroup(absl::string_view group);

// Orders the rows of a view by window start, then group.
std::string EncodeRowKey(int64_t window_start_us, absl::string_view group);
void AppendRowKey(int64_t window_start_us, absl::string_view group, std::string* bytes);
// False when `bytes` is no row key.
bool DecodeRowKey(absl::string_view bytes, RowKey* key);
// The same; `group` points into `bytes`.
bool DecodeRowKey(absl::string_view bytes, int64_t* window_start_us, absl::string_view* group);

// Orders the rows of a view by when they become final: window end, window start, group.
std::string EncodeClosingKey(int64_t window_end_us, absl::string_view row_key);
// The row key within a closing key; false when `bytes` is none.
bool DecodeClosingKey(absl::string_view bytes, int64_t* window_end_us, absl::string_view* row_key);

// The least closing key above those of all windows that end at or before `closed_through_us`.
std::string ClosingCursorAfter(int64_t closed_through_us);
// The least key above `key`.
std::string KeyAfter(absl::string_view key);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_ROW_KEY_H_
