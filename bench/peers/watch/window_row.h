#ifndef BENCH_PEERS_WATCH_WINDOW_ROW_H_
#define BENCH_PEERS_WATCH_WINDOW_ROW_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace windrow::bench {

// A row of a peer's results topic.
struct WindowRow {
  std::string type;
  // Milliseconds since 1970.
  int64_t window_start = 0;
  int64_t count = 0;

  // Nothing when it is not an object with the three fields that bench/peers/calls writes.
  static absl::optional<WindowRow> Parse(absl::string_view json);
};

}  // namespace windrow::bench

#endif  // BENCH_PEERS_WATCH_WINDOW_ROW_H_
