#ifndef SERVICES_AGGREGATOR_LIVE_SETTINGS_H_
#define SERVICES_AGGREGATOR_LIVE_SETTINGS_H_

#include <atomic>
#include <cstdint>

namespace windrow::aggregator {

// Settings of a pipeline that its workers look at each time round. Thread-safe.
struct LiveSettings {
  // 0 means no limit.
  std::atomic<int64_t> records_per_second_per_partition{0};
  std::atomic<int64_t> commit_interval_ms{10};
  // Over all merge partitions.
  std::atomic<int64_t> state_limit_bytes{1'000'000'000};
  // Generation of the last drain request; 0 for none.
  std::atomic<int64_t> drain_generation{0};
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_LIVE_SETTINGS_H_
