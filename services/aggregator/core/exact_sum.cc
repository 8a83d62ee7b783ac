#include "services/aggregator/core/exact_sum.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/numeric/bits.h"
#include "absl/numeric/int128.h"

namespace windrow::aggregator {
namespace {

constexpr int kChunkBits = 32;
constexpr int64_t kChunkSize = int64_t{1} << kChunkBits;
constexpr int kLowestExponent = -1088;
constexpr int kMantissaBits = 53;
// Exponent of the smallest double.
constexpr int kLeastExponent = -1074;
// Each addition changes a chunk by less than 2^32.
constexpr uint32_t kMaxAdditions = 1 << 30;

int BitLength(absl::uint128 bits) {
  const uint64_t high = absl::Uint128High64(bits);
  if (high != 0) return 128 - absl::countl_zero(high);
  return 64 - absl::countl_zero(absl::Uint128Low64(bits));
}

// bits × 2^exponent, and a little more if `more`, as the nearest double.
double Nearest(absl::uint128 bits, int exponent, bool more) {
  const int result_exponent = std::max(exponent + BitLength(bits) - kMantissaBits, kLeastExponent);
  const int shift = result_exponent - exponent;
  if (shift <= 0) return std::ldexp(static_cast<double>(absl::Uint128Low64(bits)), exponent);
  const absl::uint128 rest = bits & ((absl::uint128(1) << shift) - 1);
  const absl::uint128 half = absl::uint128(1) << (shift - 1);
  uint64_t mantissa = absl::Uint128Low64(bits >> shift);
  if (rest > half || (rest == half && (more || mantissa % 2 == 1))) ++mantissa;
  return std::ldexp(static_cast<double>(mantissa), result_exponent);
}

void Negate(std::vector<ExactSum::Chunk>* chunks) {
  for (ExactSum::Chunk& chunk : *chunks) chunk.value = -chunk.value;
}

}  // namespace

void ExactSum::Add(double number) {
  if (number == 0) return;
  int exponent;
  const double fraction = std::frexp(number, &exponent);
  const int unit = std::max(exponent - kMantissaBits, kLeastExponent);
  auto mantissa = static_cast<int64_t>(std::ldexp(fraction, exponent - unit));
  const int position = unit - kLowestExponent;
  const bool negative = mantissa < 0;
  if (negative) mantissa = -mantissa;
  const auto index = static_cast<uint32_t>(position / kChunkBits);
  absl::uint128 bits = absl::uint128(static_cast<uint64_t>(mantissa)) << (position % kChunkBits);
  for (uint32_t i = index; bits != 0; ++i) {
    const auto part = static_cast<int64_t>(absl::Uint128Low64(bits) % kChunkSize);
    AddChunk(i, negative ? -part : part);
    bits >>= kChunkBits;
  }
  CountAddition();
}

void ExactSum::Add(const ExactSum& other) {
  for (const Chunk& chunk : other.Canonical()) AddChunk(chunk.index, chunk.value);
  CountAddition();
}

void ExactSum::AddChunk(uint32_t index, int64_t value) {
  if (value == 0) return;
  const auto place =
      std::lower_bound(chunks_.begin(), chunks_.end(), index,
                       [](const Chunk& chunk, uint32_t wanted) { return chunk.index < wanted; });
  if (place != chunks_.end() && place->index == index) {
    place->value += value;
  } else {
    chunks_.insert(place, Chunk{index, value});
  }
}

void ExactSum::CountAddition() {
  if (++additions_ < kMaxAdditions) return;
  chunks_ = Canonical();
  additions_ = 0;
}

std::vector<ExactSum::Chunk> ExactSum::Canonical() const {
  std::vector<Chunk> canonical;
  int64_t carry = 0;
  uint32_t next_index = 0;
  const auto put = [&](uint32_t index, int64_t value) {
    // What is left of a floor division by 2^32 is never negative.
    carry = value >> kChunkBits;
    const int64_t rest = value - carry * kChunkSize;
    if (rest != 0) canonical.push_back(Chunk{index, rest});
    next_index = index + 1;
  };
  for (const Chunk& chunk : chunks_) {
    // A carry of -1 borrows on through chunks that are not stored, any other ends in the next.
    while (carry != 0 && next_index < chunk.index) put(next_index, carry);
    put(chunk.index, chunk.value + carry);
  }
  while (carry != 0 && carry != -1) put(next_index, carry);
  if (carry == 0) return canonical;
  // The sum is negative: what was borrowed is given back to the last chunk, as long as there is one
  // to take it.
  Chunk last{next_index, -1};
  while (!canonical.empty() && canonical.back().index + 1 == last.index && last.value == -1) {
    last = Chunk{last.index - 1, canonical.back().value - kChunkSize};
    canonical.pop_back();
  }
  canonical.push_back(last);
  return canonical;
}

ExactSum ExactSum::FromChunks(std::vector<Chunk> chunks) {
  ExactSum sum;
  sum.chunks_ = std::move(chunks);
  sum.chunks_ = sum.Canonical();
  return sum;
}

absl::optional<double> ExactSum::Round() const {
  std::vector<Chunk> chunks = Canonical();
  if (chunks.empty()) return 0;
  const bool negative = chunks.back().value < 0;
  if (negative) {
    Negate(&chunks);
    chunks = FromChunks(std::move(chunks)).Canonical();
  }
  // Four chunks hold at least 97 bits: the mantissa, and what decides on rounding but for a
  // remainder of any size below.
  constexpr int kTaken = 4;
  const int top = static_cast<int>(chunks.back().index);
  absl::uint128 bits = 0;
  bool more = false;
  for (const Chunk& chunk : chunks) {
    const int place = kTaken - 1 - (top - static_cast<int>(chunk.index));
    if (place < 0) {
      more = true;
    } else {
      bits |= absl::uint128(static_cast<uint64_t>(chunk.value)) << (kChunkBits * place);
    }
  }
  const double size = Nearest(bits, kLowestExponent + kChunkBits * (top - kTaken + 1), more);
  if (std::isinf(size)) return absl::nullopt;
  return negative ? -size : size;
}

}  // namespace windrow::aggregator
