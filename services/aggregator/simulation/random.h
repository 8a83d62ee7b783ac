#ifndef SERVICES_AGGREGATOR_SIMULATION_RANDOM_H_
#define SERVICES_AGGREGATOR_SIMULATION_RANDOM_H_

#include <cstdint>
#include <random>
#include <vector>

namespace windrow::aggregator {

// Chance from a seed, the same everywhere. A value of one thread.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // From 0 to below.
  int64_t Below(int64_t below) {
    return static_cast<int64_t>(engine_() % static_cast<uint64_t>(below));
  }
  int64_t Between(int64_t least, int64_t largest) { return least + Below(largest - least + 1); }
  bool OneIn(int64_t times) { return Below(times) == 0; }
  // In so many of 10,000 cases.
  bool Happens(int per_10000) { return Below(10'000) < per_10000; }

  template <typename T>
  const T& Pick(const std::vector<T>& choices) {
    return choices[static_cast<size_t>(Below(static_cast<int64_t>(choices.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SIMULATION_RANDOM_H_
