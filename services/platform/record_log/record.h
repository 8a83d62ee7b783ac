#ifndef SERVICES_PLATFORM_RECORD_LOG_RECORD_H_
#define SERVICES_PLATFORM_RECORD_LOG_RECORD_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace windrow::record_log {

// A record as read. The views are valid only during the visit.
struct Record {
  int partition = 0;
  int64_t offset = 0;
  // Milliseconds since 1970; -1 when the record has none.
  int64_t timestamp_ms = 0;
  // has_key / has_value tell a null from an empty one (a null value is a tombstone).
  bool has_key = false;
  bool has_value = false;
  absl::string_view key;
  absl::string_view value;
};

}  // namespace windrow::record_log

#endif  // SERVICES_PLATFORM_RECORD_LOG_RECORD_H_
