#ifndef SERVICES_PLATFORM_RECORD_LOG_RECORD_H_
#define SERVICES_PLATFORM_RECORD_LOG_RECORD_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace windrow::record_log {

// Name and value of a record's headers, in their order; a null value is empty.
using RecordHeaders = std::vector<std::pair<std::string, std::string>>;

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

  // A copy of the headers, made when it is asked for: most records are counted without a look at
  // them.
  RecordHeaders headers() const {
    return read_headers == nullptr ? RecordHeaders() : read_headers(origin);
  }
  // Of who made this view: reads the headers of `origin`, which is valid during the visit, too.
  RecordHeaders (*read_headers)(const void* origin) = nullptr;
  const void* origin = nullptr;
};

}  // namespace windrow::record_log

#endif  // SERVICES_PLATFORM_RECORD_LOG_RECORD_H_
