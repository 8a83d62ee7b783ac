#ifndef BENCH_CALLS_CALL_LOAD_H_
#define BENCH_CALLS_CALL_LOAD_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace windrow::bench {

struct CallLoadOptions {
  // HOST:PORT of the server.
  std::string target;
  // "/package.Service/Method" of a unary method, and its requests, serialized, made in turn.
  std::string method;
  std::vector<grpc::ByteBuffer> requests;
  // Calls under way at a time, and the connections that they share.
  int concurrency = 16;
  int connections = 2;
  // Not measured, and measured.
  absl::Duration warm_up = absl::Seconds(1);
  absl::Duration duration = absl::Seconds(5);
};

struct CallLoadResult {
  // Of the calls that ended with OK while it was measured, shortest first.
  std::vector<absl::Duration> latencies;
  // Calls that ended with RESOURCE_EXHAUSTED meanwhile.
  int64_t refused = 0;
  // An answer, serialized.
  grpc::ByteBuffer response;
};

// Makes the calls again and again, so many at a time, and takes answers as bytes, so that the
// client costs as little as it can. UNAVAILABLE when no server is there within 20 s, or the error
// of a call that ended with another one than RESOURCE_EXHAUSTED.
absl::StatusOr<CallLoadResult> RunCallLoad(const CallLoadOptions& options);

}  // namespace windrow::bench

#endif  // BENCH_CALLS_CALL_LOAD_H_
