#include "services/aggregator/core/distinct_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

constexpr size_t kLimit = 100;

DistinctValues Numbers(int begin, int end, size_t limit = kLimit) {
  DistinctValues values;
  for (int i = begin; i < end; ++i) values.Add(absl::StrCat(i), limit);
  return values;
}

void ExpectSame(const DistinctValues& a, const DistinctValues& b) {
  EXPECT_EQ(a.values(), b.values());
  EXPECT_EQ(a.registers(), b.registers());
}

TEST(DistinctValuesTest, IsExactUpToTheLimit) {
  EXPECT_EQ(DistinctValues().Count(), 0u);
  DistinctValues values = Numbers(0, kLimit);
  for (int i = 0; i < 1000; ++i) values.Add(absl::StrCat(i % kLimit), kLimit);
  EXPECT_TRUE(values.exact());
  EXPECT_EQ(values.Count(), kLimit);
  values.Add("one more", kLimit);
  EXPECT_FALSE(values.exact());
  EXPECT_TRUE(values.values().empty());
}

TEST(DistinctValuesTest, EstimatesWithinItsError) {
  // Five standard errors of 1.04 / sqrt(4096).
  for (const int count : {101, 1'000, 5'000, 12'000, 100'000, 1'000'000}) {
    const double estimate = static_cast<double>(Numbers(0, count).Count());
    EXPECT_NEAR(estimate / count, 1, 5 * 0.01625) << count;
  }
}

TEST(DistinctValuesTest, OrderAndGroupingDoNotMatter) {
  std::mt19937_64 random(1);
  for (int run = 0; run < 200; ++run) {
    std::vector<std::string> texts;
    const int count = 1 + static_cast<int>(random() % 250);
    for (int i = 0; i < count; ++i) texts.push_back(absl::StrCat(random() % 200));
    DistinctValues whole;
    for (const std::string& text : texts) whole.Add(text, kLimit);
    std::shuffle(texts.begin(), texts.end(), random);
    DistinctValues parts[3];
    for (const std::string& text : texts) parts[random() % 3].Add(text, kLimit);
    parts[0].Merge(parts[1], kLimit);
    parts[2].Merge(parts[0], kLimit);
    ExpectSame(parts[2], whole);
  }
}

TEST(DistinctValuesTest, TakesOverRegisters) {
  const DistinctValues values = Numbers(0, 5'000);
  const DistinctValues restored = DistinctValues::FromRegisters(values.registers());
  ExpectSame(restored, values);
  EXPECT_EQ(restored.Count(), values.Count());
}

// The estimate is part of the product's values: it never changes. (Computed apart, in Python.)
TEST(DistinctValuesTest, EstimatesAreStable) {
  EXPECT_EQ(Numbers(0, 101).Count(), 99u);
  EXPECT_EQ(Numbers(0, 5'000).Count(), 4941u);
  EXPECT_EQ(Numbers(0, 1'000'000).Count(), 1035608u);
}

}  // namespace
}  // namespace windrow::aggregator
