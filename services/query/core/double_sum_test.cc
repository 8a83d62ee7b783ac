#include "services/query/core/double_sum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace windrow::query {
namespace {

absl::optional<double> Sum(const std::vector<double>& numbers) {
  DoubleSum sum;
  for (const double number : numbers) sum.Add(number);
  return sum.Round();
}

TEST(DoubleSumTest, IsRoundedOnce) {
  EXPECT_EQ(Sum({}), 0.0);
  EXPECT_EQ(Sum(std::vector<double>(10, 0.1)), 1.0);
  EXPECT_EQ(Sum({1e100, 1.0, -1e100}), 1.0);
  EXPECT_EQ(Sum({1e16, 1.0, 1e-16}), 10000000000000002.0) << "above the middle";
  EXPECT_EQ(Sum({1e16, 1.0}), 1e16) << "in the middle: to even";
  EXPECT_EQ(Sum({-1e16, -1.0, -1e-16}), -10000000000000002.0);
  EXPECT_EQ(Sum({5e-324, 5e-324}), 1e-323);
}

TEST(DoubleSumTest, DoesNotDependOnTheOrder) {
  std::mt19937 random(3);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> numbers;
    for (int i = 0; i < 50; ++i) {
      const double digits = static_cast<double>(random()) - 2147483648.0;
      numbers.push_back(std::ldexp(digits, static_cast<int>(random() % 200) - 100));
      if (i % 3 == 0) numbers.push_back(-numbers.back());
    }
    const absl::optional<double> sum = Sum(numbers);
    std::shuffle(numbers.begin(), numbers.end(), random);
    EXPECT_EQ(Sum(numbers), sum);
  }
}

TEST(DoubleSumTest, BeyondTheLargestThereIsNone) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  EXPECT_EQ(Sum({kLargest, -kLargest, 2.0}), 2.0);
  EXPECT_EQ(Sum({kLargest, kLargest}), absl::nullopt);
  EXPECT_EQ(Sum({kLargest, kLargest, 1.0, 2.0}), absl::nullopt);
}

}  // namespace
}  // namespace windrow::query
