#ifndef BENCH_LIMIT_BARE_LOOP_H_
#define BENCH_LIMIT_BARE_LOOP_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace windrow::bench {

struct BareLoopOptions {
  // "host:port".
  std::string bootstrap_servers;
  std::string topic;
  // Each thread has a consumer of its own; partition p belongs to thread p mod threads.
  int threads = 1;
  // Most memory for records fetched ahead, per thread.
  int64_t queued_kbytes = 65536;
};

struct BareLoopResult {
  int64_t records = 0;
  int64_t refused = 0;
  int64_t cells = 0;
  // From when the partitions are assigned to the last record.
  double seconds = 0;
};

// Reads a topic from its beginning to where it ends when this is called, parsing and counting each
// record. DEADLINE_EXCEEDED when nothing arrives for 30 s.
absl::StatusOr<BareLoopResult> RunBareLoop(const BareLoopOptions& options);

}  // namespace windrow::bench

#endif  // BENCH_LIMIT_BARE_LOOP_H_
