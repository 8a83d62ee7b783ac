#include "bench/latency/marker_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace windrow::bench {
namespace {

using ::testing::ElementsAre;

constexpr absl::Duration kMs = absl::Milliseconds(1);

TEST(MarkerClockTest, CountsTheFirstSighting) {
  MarkerClock clock("run 7");
  const absl::Time start = absl::FromUnixSeconds(1000);
  const std::string first = clock.Send(start);
  const std::string second = clock.Send(start + 5 * kMs);
  EXPECT_EQ(first, "marker run 7 0");
  EXPECT_EQ(clock.missing(), 2);
  clock.See(second, start + 9 * kMs);
  clock.See(first, start + 30 * kMs);
  clock.See(first, start + 90 * kMs);
  EXPECT_EQ(clock.sent(), 2);
  EXPECT_EQ(clock.missing(), 0);
  EXPECT_THAT(clock.Latencies(), ElementsAre(4 * kMs, 30 * kMs));
}

TEST(MarkerClockTest, PassesOverWhatIsNoMarkerOfThisRun) {
  MarkerClock clock("a");
  clock.Send(absl::UnixEpoch());
  for (const char* type : {"Traffic Stop", "marker b 0", "marker a 1", "marker a x", "marker a "}) {
    clock.See(type, absl::UnixEpoch());
  }
  EXPECT_EQ(clock.missing(), 1);
}

TEST(PercentileTest, IsTheNearestRank) {
  std::vector<absl::Duration> values;
  EXPECT_EQ(Percentile(values, 0.5), absl::ZeroDuration());
  for (int i = 1; i <= 200; ++i) values.push_back(i * kMs);
  EXPECT_EQ(Percentile(values, 0.5), 100 * kMs);
  EXPECT_EQ(Percentile(values, 0.99), 198 * kMs);
  EXPECT_EQ(Percentile(values, 1), 200 * kMs);
  EXPECT_EQ(Percentile(values, 0), 1 * kMs);
}

}  // namespace
}  // namespace windrow::bench
