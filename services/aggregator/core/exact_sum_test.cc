#include "services/aggregator/core/exact_sum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace windrow::aggregator {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kSmallest = std::numeric_limits<double>::denorm_min();

ExactSum SumOf(const std::vector<double>& numbers) {
  ExactSum sum;
  for (const double number : numbers) sum.Add(number);
  return sum;
}

absl::optional<double> Round(const std::vector<double>& numbers) { return SumOf(numbers).Round(); }

uint64_t BitsOf(double number) {
  uint64_t bits;
  std::memcpy(&bits, &number, sizeof(bits));
  return bits;
}

// Finite doubles with any bits.
double AnyDouble(std::mt19937_64* random) {
  for (;;) {
    const uint64_t bits = (*random)();
    double number;
    std::memcpy(&number, &bits, sizeof(number));
    if (std::isfinite(number)) return number;
  }
}

TEST(ExactSumTest, OneNumberIsItsOwnSum) {
  for (const double number : {0.0, 1.0, -1.0, 0.1, kLargest, -kLargest, kSmallest, -kSmallest,
                              std::numeric_limits<double>::min(), 4294967296.0, -4294967296.0}) {
    EXPECT_EQ(Round({number}), number);
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const double number = AnyDouble(&random);
    ASSERT_EQ(BitsOf(*Round({number})), BitsOf(number + 0.0)) << number;
  }
}

// As math.fsum gives them.
TEST(ExactSumTest, NothingIsLostBelowLargeNumbers) {
  EXPECT_EQ(Round(std::vector<double>(10, 0.1)), 1.0);
  EXPECT_EQ(Round({1e100, 1.0, -1e100}), 1.0);
  EXPECT_EQ(Round({1e308, 1e308, -1e308, -1e308, kSmallest}), kSmallest);
  EXPECT_EQ(Round({1e16, 1, 1e-16}), 10000000000000002.0);
  EXPECT_EQ(Round({-1, 1}), 0.0);
  EXPECT_EQ(Round({-4294967296.0, 4294967295.0}), -1.0);
}

TEST(ExactSumTest, RoundsToEvenOnce) {
  const double two53 = 9007199254740992.0;
  EXPECT_EQ(Round({two53, 1}), two53) << "a tie goes to the even one";
  EXPECT_EQ(Round({two53, 1, kSmallest}), two53 + 2) << "more than a tie, be it ever so little";
  EXPECT_EQ(Round({two53, 1, -kSmallest}), two53);
  EXPECT_EQ(Round({two53, 3}), two53 + 4);
  EXPECT_EQ(Round({-two53, -1}), -two53);
  EXPECT_EQ(Round({-two53, -1, -kSmallest}), -two53 - 2);
}

TEST(ExactSumTest, OverflowsByTheWholeSumOnly) {
  EXPECT_EQ(Round({kLargest, kLargest}), absl::nullopt);
  EXPECT_EQ(Round({-kLargest, -kLargest}), absl::nullopt);
  EXPECT_EQ(Round({kLargest, kLargest, -kLargest}), kLargest);
  EXPECT_EQ(Round({kLargest, std::ldexp(1, 970)}), absl::nullopt) << "half a unit above";
  EXPECT_EQ(Round({kLargest, std::ldexp(1, 969)}), kLargest);
}

TEST(ExactSumTest, OrderAndGroupingDoNotMatter) {
  std::mt19937_64 random(2);
  for (int run = 0; run < 300; ++run) {
    std::vector<double> numbers;
    for (int i = 0; i < 30; ++i) {
      numbers.push_back(run % 3 == 0 ? AnyDouble(&random)
                                     : std::ldexp(static_cast<double>(random() % 1000) - 500,
                                                  static_cast<int>(random() % 120) - 60));
      // Cancels one that came before.
      if (i % 4 == 3) numbers.push_back(-numbers[random() % numbers.size()]);
    }
    const ExactSum sum = SumOf(numbers);
    for (int shuffle = 0; shuffle < 3; ++shuffle) {
      std::shuffle(numbers.begin(), numbers.end(), random);
      const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(random() % numbers.size());
      ExactSum parts = SumOf({numbers.begin(), middle});
      parts.Add(SumOf({middle, numbers.end()}));
      ASSERT_EQ(parts.Canonical(), sum.Canonical());
      ASSERT_EQ(parts.Round(), sum.Round());
    }
    ASSERT_EQ(ExactSum::FromChunks(sum.Canonical()).Canonical(), sum.Canonical());
  }
}

// Against 128 bits, in which sums of numbers of like size are exact.
TEST(ExactSumTest, AgreesWithIntegers) {
  std::mt19937_64 random(3);
  for (int run = 0; run < 2'000; ++run) {
    __extension__ typedef __int128 Wide;
    Wide wide = 0;
    ExactSum sum;
    const int shift = static_cast<int>(random() % 60);
    for (int i = 0; i < 20; ++i) {
      const auto number = static_cast<int64_t>(random()) >> (11 + random() % 40);
      wide += static_cast<Wide>(number) << shift;
      sum.Add(std::ldexp(static_cast<double>(number), shift));
    }
    ASSERT_EQ(sum.Round(), static_cast<double>(wide));
  }
}

TEST(ExactSumTest, TheFormIsTheOnlyOne) {
  EXPECT_TRUE(SumOf({}).Canonical().empty());
  EXPECT_TRUE(SumOf({1, -1}).Canonical().empty());
  using Chunks = std::vector<ExactSum::Chunk>;
  // 2^0 is 2^(32 × 34 - 1088).
  EXPECT_EQ(SumOf({1}).Canonical(), (Chunks{{34, 1}}));
  EXPECT_EQ(SumOf({-1}).Canonical(), (Chunks{{34, -1}}));
  EXPECT_EQ(SumOf({4294967296.0, -1}).Canonical(), (Chunks{{34, 4294967295}}));
  EXPECT_EQ(SumOf({-4294967296.0, -1}).Canonical(), (Chunks{{34, 4294967295}, {35, -2}}));
  EXPECT_EQ(SumOf({-4294967296.0, 1}).Canonical(), (Chunks{{34, -4294967295}}));
  EXPECT_EQ(SumOf({-0.5}).Canonical(), (Chunks{{33, -2147483648}}));
}

}  // namespace
}  // namespace windrow::aggregator
