#include "bench/peers/watch/window_totals.h"

namespace windrow::bench {

void WindowTotals::Take(const WindowRow& row) {
  int64_t& count = counts_[{row.window_start, row.type}];
  if (row.count < count) ++decreases_;
  total_ += row.count - count;
  count = row.count;
  ++updates_;
}

}  // namespace windrow::bench
