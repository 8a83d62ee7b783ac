#include "services/aggregator/core/source_alignment.h"

#include <gtest/gtest.h>

namespace windrow::aggregator {
namespace {

constexpr int64_t kSecond = kMicrosPerSecond;
constexpr EventTime kHour = kMicrosPerHour;
constexpr EventTime kJanuary = 400'000 * kHour;
constexpr EventTime kJune = kJanuary + 3'600 * kHour;

TEST(SourceAlignmentTest, NobodyGoesFarAheadOfTheSlowest) {
  SourceAlignment alignment;
  EXPECT_EQ(alignment.Limit(0), SourceAlignment::kNoLimit);
  alignment.Own(0, kJanuary, true, 0);
  alignment.Own(1, kJune, true, 0);
  EXPECT_EQ(alignment.Limit(0), kJanuary + kHour);
  EXPECT_GE(alignment.Limit(0), kJanuary) << "the slowest itself may go on";
}

TEST(SourceAlignmentTest, WhereNobodyKnowsWhereItBeginsAllWait) {
  SourceAlignment alignment;
  alignment.Own(0, kNever, true, 0);
  alignment.Own(1, kJune, true, 0);
  EXPECT_EQ(alignment.Limit(0), kNever) << "but for those that have read nothing either";
}

TEST(SourceAlignmentTest, WhoIsAtTheEndHoldsNobodyBack) {
  SourceAlignment alignment;
  alignment.Own(0, kJanuary, false, 0);
  alignment.Own(1, kJune, true, 0);
  EXPECT_EQ(alignment.Limit(0), kJune + kHour);
  alignment.Own(1, kJune, false, 1);
  EXPECT_EQ(alignment.Limit(1), SourceAlignment::kNoLimit);
}

TEST(SourceAlignmentTest, WhoIsNotHeardOfHoldsNobodyBack) {
  SourceAlignment alignment;
  alignment.Own(0, kJanuary, true, 0);
  alignment.Other(1, 100, kJanuary - kHour, true, 0);
  for (int64_t now = 0; now < 5 * kSecond; now += kSecond) {
    alignment.Own(2, kJune, true, now);
    alignment.Own(0, kJanuary, true, now);
    EXPECT_EQ(alignment.Limit(now), kJanuary) << now;
    // It says the same again: its worker may hang.
    alignment.Other(1, 100, kJanuary - kHour, true, now);
  }
  EXPECT_EQ(alignment.Limit(5 * kSecond), kJanuary + kHour);
  alignment.Other(1, 101, kJanuary - kHour, true, 5 * kSecond);
  EXPECT_EQ(alignment.Limit(5 * kSecond), kJanuary) << "it goes on";
}

TEST(SourceAlignmentTest, OthersMayBeAsFarAheadAsTheSlowestComesInTwoSeconds) {
  SourceAlignment alignment;
  alignment.Own(0, kJanuary, true, 0);
  alignment.Own(0, kJanuary + 10 * kHour, true, kSecond / 2);
  EXPECT_EQ(alignment.Limit(kSecond / 2), kJanuary + 30 * kHour) << "at once";
  alignment.Own(0, kJanuary + 20 * kHour, true, kSecond);
  EXPECT_EQ(alignment.Limit(kSecond), kJanuary + 60 * kHour);
  // It slows down, which shows a second later.
  alignment.Own(0, kJanuary + 21 * kHour, true, 2 * kSecond);
  EXPECT_EQ(alignment.Limit(2 * kSecond), kJanuary + 23 * kHour);
  alignment.Own(0, kJanuary + 21 * kHour, true, 3 * kSecond);
  EXPECT_EQ(alignment.Limit(3 * kSecond), kJanuary + 22 * kHour);
}

TEST(SourceAlignmentTest, TheOwnerKnowsBest) {
  SourceAlignment alignment;
  alignment.Own(0, kJune, true, 0);
  // From before it was given up there.
  alignment.Other(0, 10, kJanuary, true, kSecond);
  EXPECT_EQ(alignment.Limit(kSecond), kJune + kHour);
  // Now it is read there.
  alignment.Other(0, 10, kJanuary, true, 3 * kSecond);
  EXPECT_EQ(alignment.Limit(3 * kSecond), kJanuary + kHour);
  // And here again, from what was committed.
  alignment.Own(0, kJanuary - kHour, true, 4 * kSecond);
  EXPECT_EQ(alignment.Limit(4 * kSecond), kJanuary);
}

TEST(SourceAlignmentTest, TimesMayBeAnyOfTenThousandYears) {
  SourceAlignment alignment;
  constexpr EventTime kYearOne = -62'135'596'800 * kSecond;
  constexpr EventTime kYear9999 = 253'402'300'799 * kSecond;
  alignment.Own(0, kYearOne, true, 0);
  alignment.Own(0, kYear9999, true, kSecond / 2);
  EXPECT_GT(alignment.Limit(kSecond / 2), kYear9999);
  alignment.Own(0, kYear9999, true, kSecond);
  EXPECT_GT(alignment.Limit(kSecond), kYear9999);
}

}  // namespace
}  // namespace windrow::aggregator
