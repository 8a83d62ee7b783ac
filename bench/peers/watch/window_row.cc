#include "bench/peers/watch/window_row.h"

#include <simdjson.h>

#include <string_view>

namespace windrow::bench {

absl::optional<WindowRow> WindowRow::Parse(absl::string_view json) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element element;
  std::string_view type;
  WindowRow row;
  if (parser.parse(json.data(), json.size()).get(element) ||
      element["original_crime_type_name"].get_string().get(type) ||
      element["window_start"].get_int64().get(row.window_start) ||
      element["count"].get_int64().get(row.count)) {
    return absl::nullopt;
  }
  row.type = std::string(type);
  return row;
}

}  // namespace windrow::bench
