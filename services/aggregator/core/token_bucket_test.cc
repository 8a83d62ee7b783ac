#include "services/aggregator/core/token_bucket.h"

#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

constexpr int64_t kAny = std::numeric_limits<int64_t>::max();

// How many pass within `span` microseconds when asked every `step`, each time for `wanted`.
int64_t Passed(TokenBucket* bucket, int64_t begin, int64_t span, int64_t step,
               int64_t wanted = kAny) {
  int64_t passed = 0;
  for (int64_t now = begin; now < begin + span; now += step) {
    const int64_t available = bucket->Available(now, wanted);
    bucket->Take(available);
    passed += available;
  }
  return passed;
}

TEST(TokenBucketTest, WithoutARateEverythingPasses) {
  TokenBucket bucket;
  EXPECT_FALSE(bucket.limited());
  EXPECT_EQ(bucket.Available(0, 1'000'000), 1'000'000);
  bucket.Take(1'000'000);
  EXPECT_EQ(bucket.Available(0, kAny), kAny);
}

TEST(TokenBucketTest, HoldsTheRateHoweverOftenItIsAsked) {
  for (const int64_t rate : {1, 3, 7, 19, 21, 30, 1000, 20'000, 1'000'000}) {
    for (const int64_t step : {50, 1000, 9'973, 33'333}) {
      SCOPED_TRACE(absl::StrCat("rate ", rate, " step ", step));
      TokenBucket bucket;
      bucket.SetRate(rate);
      const int64_t seconds = 20;
      const int64_t passed = Passed(&bucket, 1'000'000'000, seconds * kMicrosPerSecond, step);
      // The bucket is full at first; a token may be in the making at the end.
      EXPECT_GE(passed, rate * seconds - rate * step / kMicrosPerSecond - 1);
      EXPECT_LE(passed, rate * seconds + rate / 4 + 2);
    }
  }
}

TEST(TokenBucketTest, GivesNoMoreThanIsWanted) {
  TokenBucket bucket;
  bucket.SetRate(1000);
  EXPECT_EQ(bucket.Available(kMicrosPerSecond, 3), 3);
  EXPECT_EQ(bucket.Available(kMicrosPerSecond, 0), 0);
}

TEST(TokenBucketTest, AskingTakesNothing) {
  TokenBucket bucket;
  bucket.SetRate(1000);
  EXPECT_EQ(bucket.Available(kMicrosPerSecond, kAny), 251);
  EXPECT_EQ(bucket.Available(kMicrosPerSecond, kAny), 251);
  bucket.Take(251);
  EXPECT_EQ(bucket.Available(kMicrosPerSecond, kAny), 0);
  EXPECT_EQ(bucket.Available(kMicrosPerSecond + 10'000, kAny), 10);
}

TEST(TokenBucketTest, APauseDoesNotBecomeABurst) {
  TokenBucket bucket;
  bucket.SetRate(1000);
  Passed(&bucket, 0, kMicrosPerSecond, 1000);
  EXPECT_EQ(bucket.Available(3600 * kMicrosPerSecond, kAny), 251);
}

TEST(TokenBucketTest, WhatWasTakenTooMuchIsPaidBack) {
  TokenBucket bucket;
  bucket.SetRate(1000);
  bucket.Available(kMicrosPerSecond, kAny);
  bucket.Take(351);
  EXPECT_EQ(bucket.Available(kMicrosPerSecond + 99'000, kAny), 0);
  EXPECT_LE(bucket.Available(kMicrosPerSecond + 99'000, kAny), 0) << "never a negative number";
  EXPECT_EQ(bucket.Available(kMicrosPerSecond + 110'000, kAny), 10);
}

TEST(TokenBucketTest, AClockThatStandsStillGivesNothing) {
  TokenBucket bucket;
  bucket.SetRate(1000);
  bucket.Take(bucket.Available(kMicrosPerSecond, kAny));
  EXPECT_EQ(Passed(&bucket, kMicrosPerSecond, 1, 1), 0);
}

TEST(TokenBucketTest, ANewRateTakesEffectAtOnce) {
  TokenBucket bucket;
  bucket.SetRate(1'000'000);
  Passed(&bucket, 0, kMicrosPerSecond, 1000);
  bucket.Available(2 * kMicrosPerSecond, kAny);
  bucket.SetRate(100);
  EXPECT_LE(Passed(&bucket, 2 * kMicrosPerSecond, kMicrosPerSecond, 1000), 100);
  bucket.SetRate(0);
  EXPECT_FALSE(bucket.limited());
  EXPECT_EQ(bucket.Available(3 * kMicrosPerSecond, kAny), kAny);
}

TEST(TokenBucketTest, TheSameRateAgainChangesNothing) {
  TokenBucket bucket;
  bucket.SetRate(1000);
  bucket.Available(kMicrosPerSecond, kAny);
  bucket.SetRate(1000);
  EXPECT_EQ(bucket.Available(kMicrosPerSecond, kAny), 251);
}

}  // namespace
}  // namespace windrow::aggregator
