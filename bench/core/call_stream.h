#ifndef BENCH_CORE_CALL_STREAM_H_
#define BENCH_CORE_CALL_STREAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "services/aggregator/core/event_time.h"

namespace windrow::bench {

// Begin of every stream: a minute's border.
inline constexpr aggregator::EventTime kStreamBegin = 1'546'300'800 * aggregator::kMicrosPerSecond;

// One record of a stream.
struct Call {
  std::string time;
  std::string type;
};

// Calls in the order of their times, the same with each run: one every `apart` of event time, of
// `types` types of which some are far more frequent than others.
std::vector<Call> MakeCalls(int64_t count, aggregator::EventSpan apart, int types);

// A call as a JSON record of some 410 bytes and 14 fields.
std::string ToJson(const Call& call);

}  // namespace windrow::bench

#endif  // BENCH_CORE_CALL_STREAM_H_
