#include "services/producer/core/rate_meter.h"

#include <gtest/gtest.h>

namespace windrow::producer {
namespace {

TEST(RateMeterTest, IsZeroAtFirst) {
  RateMeter meter;
  EXPECT_EQ(meter.PerSecond(), 0);
  meter.Add(absl::Seconds(5), 100);
  EXPECT_EQ(meter.PerSecond(), 0);
}

TEST(RateMeterTest, FollowsTheLastSecond) {
  RateMeter meter;
  absl::Duration now;
  int64_t count = 0;
  for (int i = 0; i < 5000; ++i, now += absl::Milliseconds(1)) meter.Add(now, count += 10);
  EXPECT_NEAR(meter.PerSecond(), 10'000, 200);
  for (int i = 0; i < 1200; ++i, now += absl::Milliseconds(1)) meter.Add(now, count += 1);
  EXPECT_NEAR(meter.PerSecond(), 1'000, 20);
  for (int i = 0; i < 1200; ++i, now += absl::Milliseconds(1)) meter.Add(now, count);
  EXPECT_EQ(meter.PerSecond(), 0);
}

}  // namespace
}  // namespace windrow::producer
