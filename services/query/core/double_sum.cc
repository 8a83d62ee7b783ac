#include "services/query/core/double_sum.h"

#include <cmath>
#include <cstddef>
#include <utility>

namespace windrow::query {
namespace {

// a + b, which is `high`, and what rounding took from it. |a| >= |b|.
double AddExactly(double a, double b, double* high) {
  *high = a + b;
  return b - (*high - a);
}

}  // namespace

void DoubleSum::Add(double number) {
  size_t kept = 0;
  for (double part : parts_) {
    if (std::fabs(number) < std::fabs(part)) std::swap(number, part);
    const double rest = AddExactly(number, part, &number);
    if (rest != 0) parts_[kept++] = rest;
  }
  parts_.resize(kept);
  if (!std::isfinite(number)) overflow_ = true;
  if (number != 0 && !overflow_) parts_.push_back(number);
}

absl::optional<double> DoubleSum::Round() const {
  if (overflow_) return absl::nullopt;
  if (parts_.empty()) return 0.0;
  size_t left = parts_.size() - 1;
  double sum = parts_[left];
  double rest = 0;
  while (left > 0 && rest == 0) rest = AddExactly(sum, parts_[--left], &sum);
  // Half way between two doubles it is the sign of what is left that decides.
  const bool same_sign =
      left > 0 && ((rest < 0 && parts_[left - 1] < 0) || (rest > 0 && parts_[left - 1] > 0));
  if (same_sign) {
    const double further = sum + 2 * rest;
    if (further - sum == 2 * rest) sum = further;
  }
  if (!std::isfinite(sum)) return absl::nullopt;
  return sum;
}

}  // namespace windrow::query
