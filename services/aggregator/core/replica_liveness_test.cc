#include "services/aggregator/core/replica_liveness.h"

#include <gtest/gtest.h>

namespace windrow::aggregator {
namespace {

constexpr int64_t kSecond = kMicrosPerSecond;

TEST(ReplicaLivenessTest, WhoIsSilentForFiveSecondsIsDead) {
  ReplicaLiveness liveness;
  EXPECT_FALSE(liveness.IsAlive("b", 0)) << "never heard of";
  liveness.Hear("a", 0);
  liveness.Hear("b", 0);
  for (int64_t now = kSecond; now < 5 * kSecond; now += kSecond) {
    liveness.Hear("a", now);
    EXPECT_TRUE(liveness.IsAlive("b", now));
  }
  liveness.Hear("a", 5 * kSecond);
  EXPECT_FALSE(liveness.IsAlive("b", 5 * kSecond));
  EXPECT_TRUE(liveness.IsAlive("a", 5 * kSecond));
  liveness.Hear("b", 6 * kSecond);
  EXPECT_TRUE(liveness.IsAlive("b", 6 * kSecond));
}

TEST(ReplicaLivenessTest, NobodyDiesWhileNothingIsHeardAtAll) {
  ReplicaLiveness liveness;
  liveness.Hear("a", 0);
  liveness.Hear("b", 0);
  EXPECT_TRUE(liveness.IsAlive("b", 60 * kSecond)) << "the log is away";
  // It is back, and one of them is not.
  liveness.Hear("a", 61 * kSecond);
  EXPECT_FALSE(liveness.IsAlive("b", 61 * kSecond));
}

TEST(ReplicaLivenessTest, WhoStopsInOrderIsGoneAtOnce) {
  ReplicaLiveness liveness;
  liveness.Hear("a", 0);
  liveness.Forget("a");
  EXPECT_FALSE(liveness.IsAlive("a", 1));
}

}  // namespace
}  // namespace windrow::aggregator
