#include "services/producer/source/event_time_field.h"

#include <algorithm>
#include <string_view>

#include "services/producer/core/event_time.h"

namespace windrow::producer {

std::optional<int64_t> EventTimeField::Read(absl::string_view record) {
  const size_t capacity = record.size() + simdjson::SIMDJSON_PADDING;
  if (padded_.size() < capacity) padded_.resize(std::max(capacity, 2 * padded_.size()));
  std::copy(record.begin(), record.end(), padded_.begin());
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  std::string_view text;
  if (parser_.iterate(padded_.data(), record.size(), padded_.size()).get(document) ||
      document.get_object().get(object) ||
      object.find_field_unordered(std::string_view(field_)).get_string().get(text)) {
    return std::nullopt;
  }
  return ParseEventTime(absl::string_view(text.data(), text.size()));
}

}  // namespace windrow::producer
