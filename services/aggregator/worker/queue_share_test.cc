#include "services/aggregator/worker/queue_share.h"

#include <gtest/gtest.h>

namespace windrow::aggregator {
namespace {

TEST(QueueShareTest, PartitionsShareTheBudget) {
  EXPECT_EQ(QueueShare(16'384, 4), 4'096);
  EXPECT_EQ(QueueShare(16'384, 64), 256);
  EXPECT_EQ(QueueShare(65'536, 64), 1'024);
}

TEST(QueueShareTest, FewPartitionsHaveNoLongerQueues) {
  EXPECT_EQ(QueueShare(16'384, 1), 4'096);
  EXPECT_EQ(QueueShare(16'384, 0), 4'096);
}

TEST(QueueShareTest, AQueueHoldsWhatAnAnswerHolds) {
  EXPECT_EQ(QueueShare(16'384, 1'000), 256);
  EXPECT_EQ(QueueShare(1, 4), 256);
}

}  // namespace
}  // namespace windrow::aggregator
