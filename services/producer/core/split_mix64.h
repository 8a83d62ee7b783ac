#ifndef SERVICES_PRODUCER_CORE_SPLIT_MIX64_H_
#define SERVICES_PRODUCER_CORE_SPLIT_MIX64_H_

#include <cstdint>

#include "absl/numeric/int128.h"

namespace windrow::producer {

// Steele, Lea and Flood's SplitMix64, written out because the standard library's distributions give
// other numbers with another library: ours must stay the same for ever. A plain value.
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}

  // The finaliser: a bijection that spreads every bit.
  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  uint64_t Next() { return Mix(state_ += 0x9e3779b97f4a7c15u); }

  // A number in [0, bound); bound 0 gives 0. Uneven by less than bound / 2^64.
  uint64_t Below(uint64_t bound) { return Scale(Next(), bound); }

  // Maps all of uint64 onto [0, bound).
  static uint64_t Scale(uint64_t value, uint64_t bound) {
    return absl::Uint128High64(absl::uint128(value) * bound);
  }

 private:
  uint64_t state_;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_SPLIT_MIX64_H_
