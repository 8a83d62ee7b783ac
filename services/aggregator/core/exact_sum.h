#ifndef SERVICES_AGGREGATOR_CORE_EXACT_SUM_H_
#define SERVICES_AGGREGATOR_CORE_EXACT_SUM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/optional.h"

namespace windrow::aggregator {

// The exact sum of any number of finite doubles, so that it does not depend on their order: a
// number of some 2,100 bits, kept as chunks of 32 bits of which only those in use are stored
// (R. M. Neal, "Fast exact summation using small and large superaccumulators", 2015). A value.
class ExactSum {
 public:
  // value × 2^(32 × index - 1088).
  struct Chunk {
    uint32_t index = 0;
    int64_t value = 0;

    bool operator==(const Chunk& other) const {
      return index == other.index && value == other.value;
    }
  };
  static constexpr uint32_t kMaxIndex = 70;

  // `number` must be finite.
  void Add(double number);
  void Add(const ExactSum& other);

  // The nearest double, ties to even; nullopt when that is infinite. As Python's math.fsum.
  absl::optional<double> Round() const;

  // The chunks that are not 0, by index, all but the last from 0 to 2^32 - 1: the only such form of
  // the sum. The last one is less than 2^32 in size.
  std::vector<Chunk> Canonical() const;
  // Takes over chunks of any size, indexes rising to kMaxIndex at most.
  static ExactSum FromChunks(std::vector<Chunk> chunks);

  size_t bytes() const { return chunks_.capacity() * sizeof(Chunk); }

 private:
  void AddChunk(uint32_t index, int64_t value);
  // Carries are due long before a chunk of 64 bits overflows.
  void CountAddition();

  std::vector<Chunk> chunks_;
  uint32_t additions_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_EXACT_SUM_H_
