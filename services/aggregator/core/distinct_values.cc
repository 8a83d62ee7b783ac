#include "services/aggregator/core/distinct_values.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/numeric/bits.h"
#include "services/aggregator/core/group_key.h"

namespace windrow::aggregator {
namespace {

// The upper bits of a hash choose the register, the lower ones make its rank.
constexpr int kIndexBits = 12;
constexpr int kRankBits = 64 - kIndexBits;
// Of a tree's node and a string, about.
constexpr size_t kValueOverhead = 48;

// Ertl's sigma and tau: series that converge within some dozen steps.
double Sigma(double x) {
  if (x == 1) return std::numeric_limits<double>::infinity();
  double y = 1;
  double sum = x;
  for (double before = -1; sum != before;) {
    before = sum;
    x = x * x;
    sum = sum + x * y;
    y = y + y;
  }
  return sum;
}

double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double y = 1;
  double sum = 1 - x;
  for (double before = -1; sum != before;) {
    before = sum;
    x = std::sqrt(x);
    y = 0.5 * y;
    sum = sum - (1 - x) * (1 - x) * y;
  }
  return sum / 3;
}

}  // namespace

void DistinctValues::Add(absl::string_view text, size_t exact_limit) {
  if (!exact()) {
    AddToRegisters(text);
    return;
  }
  if (!values_.emplace(text).second) return;
  value_bytes_ += kValueOverhead + text.size();
  if (values_.size() > exact_limit) GiveUpExactness();
}

void DistinctValues::Merge(const DistinctValues& other, size_t exact_limit) {
  if (other.exact()) {
    for (const std::string& value : other.values_) Add(value, exact_limit);
    return;
  }
  if (exact()) GiveUpExactness();
  for (size_t i = 0; i < kRegisters; ++i) {
    registers_[i] = std::max(registers_[i], other.registers_[i]);
  }
}

void DistinctValues::GiveUpExactness() {
  registers_.assign(kRegisters, '\0');
  for (const std::string& value : values_) AddToRegisters(value);
  values_.clear();
  value_bytes_ = 0;
}

void DistinctValues::AddToRegisters(absl::string_view text) {
  const uint64_t hash = TextHash(text);
  const uint64_t rest = hash << kIndexBits;
  const int rank = rest == 0 ? kRankBits + 1 : absl::countl_zero(rest) + 1;
  char& largest = registers_[hash >> kRankBits];
  largest = std::max(largest, static_cast<char>(rank));
}

DistinctValues DistinctValues::FromRegisters(std::string registers) {
  DistinctValues values;
  values.registers_ = std::move(registers);
  return values;
}

uint64_t DistinctValues::Count() const {
  if (exact()) return values_.size();
  std::array<int, kRankBits + 2> registers_of_rank = {};
  for (const char rank : registers_) ++registers_of_rank[static_cast<unsigned char>(rank)];
  constexpr double kCount = kRegisters;
  double z = kCount * Tau(1 - registers_of_rank[kRankBits + 1] / kCount);
  for (int rank = kRankBits; rank >= 1; --rank) z = 0.5 * (z + registers_of_rank[rank]);
  z = z + kCount * Sigma(registers_of_rank[0] / kCount);
  const double alpha = 0.5 / std::log(2.0);
  return static_cast<uint64_t>(std::floor(alpha * kCount * kCount / z + 0.5));
}

}  // namespace windrow::aggregator
