#include "services/platform/runtime/cpu_load.h"

#include <gtest/gtest.h>

namespace windrow::runtime {
namespace {

TEST(CpuLoadTest, IsThatOfTheLastSecond) {
  CpuLoad load;
  const absl::Time begin = absl::FromUnixSeconds(100);
  EXPECT_EQ(load.Update(begin, absl::Seconds(7)), 0);
  EXPECT_EQ(load.Update(begin + absl::Milliseconds(500), absl::Seconds(8)), 0);
  EXPECT_DOUBLE_EQ(load.Update(begin + absl::Seconds(2), absl::Seconds(10)), 1.5);
  EXPECT_DOUBLE_EQ(load.Update(begin + absl::Milliseconds(2100), absl::Seconds(10)), 1.5);
  EXPECT_DOUBLE_EQ(load.Update(begin + absl::Seconds(4), absl::Seconds(10)), 0);
}

TEST(CpuLoadTest, AClockThatIsSetBackStartsAnew) {
  CpuLoad load;
  load.Update(absl::FromUnixSeconds(100), absl::Seconds(1));
  EXPECT_EQ(load.Update(absl::FromUnixSeconds(50), absl::Seconds(2)), 0);
  EXPECT_DOUBLE_EQ(load.Update(absl::FromUnixSeconds(51), absl::Seconds(3)), 1);
}

}  // namespace
}  // namespace windrow::runtime
