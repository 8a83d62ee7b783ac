#ifndef BENCH_LATENCY_MARKER_SENDER_H_
#define BENCH_LATENCY_MARKER_SENDER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bench/latency/marker_clock.h"
#include "services/platform/kafka/record_producer.h"

namespace windrow::bench {

// Where markers go, and how many.
struct MarkerLoad {
  std::string topic;
  int partitions = 4;
  int markers_per_second = 50;
  absl::Duration duration = absl::Seconds(30);
};

// Sends markers as calls of this moment, at even distances and to each partition in turn; those
// that the machine made late go at once. Returns when all are acknowledged.
absl::Status SendMarkers(const MarkerLoad& load, MarkerClock* clock,
                         kafka::RecordProducer* producer);

// How many were sent and are missing, and percentiles in milliseconds: an object of JSON.
std::string LatenciesAsJson(const MarkerClock& clock);

}  // namespace windrow::bench

#endif  // BENCH_LATENCY_MARKER_SENDER_H_
