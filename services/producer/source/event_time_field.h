#ifndef SERVICES_PRODUCER_SOURCE_EVENT_TIME_FIELD_H_
#define SERVICES_PRODUCER_SOURCE_EVENT_TIME_FIELD_H_

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace windrow::producer {

// Reads the event time out of records: a top-level field that holds an ISO 8601 time. Not
// thread-safe.
class EventTimeField {
 public:
  explicit EventTimeField(absl::string_view field) : field_(field) {}

  // Microseconds since the epoch; nothing when `record` is no JSON object with such a field. Only
  // the part of the record up to the field is sure to be checked.
  std::optional<int64_t> Read(absl::string_view record);

 private:
  const std::string field_;
  simdjson::ondemand::parser parser_;
  // The record with the padding that simdjson reads beyond its end.
  std::vector<char> padded_;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_SOURCE_EVENT_TIME_FIELD_H_
