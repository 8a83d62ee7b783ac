#ifndef BENCH_PEERS_WATCH_WINDOW_TOTALS_H_
#define BENCH_PEERS_WATCH_WINDOW_TOTALS_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "bench/peers/watch/window_row.h"

namespace windrow::bench {

// The newest count of each window and type, and their sum: how far a peer has come, as who reads
// its results knows. Not thread-safe.
class WindowTotals {
 public:
  using Key = std::pair<int64_t, std::string>;

  void Take(const WindowRow& row);

  // Sum of the newest counts.
  int64_t total() const { return total_; }
  // Rows read, each version by itself.
  int64_t updates() const { return updates_; }
  // Rows whose count was less than the one before: a peer that went back.
  int64_t decreases() const { return decreases_; }
  const absl::flat_hash_map<Key, int64_t>& counts() const { return counts_; }

 private:
  absl::flat_hash_map<Key, int64_t> counts_;
  int64_t total_ = 0;
  int64_t updates_ = 0;
  int64_t decreases_ = 0;
};

}  // namespace windrow::bench

#endif  // BENCH_PEERS_WATCH_WINDOW_TOTALS_H_
