#include "services/aggregator/worker/queue_share.h"

#include <gtest/gtest.h>

namespace windrow::aggregator {
namespace {

TEST(QueueShareTest, PartitionsShareTheBudget) {
  EXPECT_EQ(QueueShare(16'384, 1, 4), 4'096);
  EXPECT_EQ(QueueShare(16'384, 1, 64), 256);
  EXPECT_EQ(QueueShare(65'536, 1, 64), 1'024);
}

TEST(QueueShareTest, AWorkerHasItsShareOfThePartitions) {
  EXPECT_EQ(QueueShare(16'384, 2, 32), 512);
  // The one of two that has six of eleven.
  EXPECT_EQ(QueueShare(12'288, 2, 11), 1'024);
}

TEST(QueueShareTest, FewPartitionsHaveNoLongerQueues) {
  EXPECT_EQ(QueueShare(16'384, 1, 1), 4'096);
  EXPECT_EQ(QueueShare(16'384, 4, 4), 1'024);
  EXPECT_EQ(QueueShare(16'384, 1, 0), 4'096);
}

TEST(QueueShareTest, AQueueHoldsWhatAnAnswerHolds) {
  EXPECT_EQ(QueueShare(16'384, 1, 1'000), 256);
  EXPECT_EQ(QueueShare(1, 4, 4), 256);
}

}  // namespace
}  // namespace windrow::aggregator
