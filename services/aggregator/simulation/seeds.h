#ifndef SERVICES_AGGREGATOR_SIMULATION_SEEDS_H_
#define SERVICES_AGGREGATOR_SIMULATION_SEEDS_H_

#include <cstdint>
#include <cstdlib>

#include "absl/strings/numbers.h"

namespace windrow::aggregator {

// A number from the environment, by which a test is told which seeds to run.
inline int64_t FromEnvironment(const char* name, int64_t usual) {
  const char* text = std::getenv(name);
  int64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : usual;
}

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SIMULATION_SEEDS_H_
