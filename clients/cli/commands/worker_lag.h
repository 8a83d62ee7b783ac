#ifndef CLIENTS_CLI_COMMANDS_WORKER_LAG_H_
#define CLIENTS_CLI_COMMANDS_WORKER_LAG_H_

#include <algorithm>
#include <cstdint>

#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::cli {

// Records that a worker has not read of the partitions that it reads.
inline int64_t WorkerLag(const status::v1::WorkerStatus& worker) {
  int64_t lag = 0;
  for (const status::v1::SourcePartitionStatus& source : worker.sources()) {
    // Behind the last record there may be markers of transactions, which nobody reads.
    if (source.position().idle_for_ms() > 0) continue;
    lag += std::max<int64_t>(0, source.log_end_offset() - source.position().end_offset());
  }
  return lag;
}

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_WORKER_LAG_H_
