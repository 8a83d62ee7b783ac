#include "services/query/core/result_view.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

PartitionProgress ClosedThrough(int64_t us, int64_t drain_generation = 0) {
  PartitionProgress progress;
  progress.closed_through_us = us;
  progress.drain_generation = drain_generation;
  return progress;
}

TEST(ResultViewTest, WindowIsFinalWhenAllPartitionsHaveReachedItsEnd) {
  const ResultView view({ClosedThrough(100), ClosedThrough(50), ClosedThrough(70)});
  EXPECT_EQ(view.closed_through_us(), 50);
  EXPECT_TRUE(view.IsWindowFinal(49));
  EXPECT_TRUE(view.IsWindowFinal(50));
  EXPECT_FALSE(view.IsWindowFinal(51));
}

TEST(ResultViewTest, RowIsFinalWhenItsOwnPartitionHasReachedItsEnd) {
  const ResultView view({ClosedThrough(100), ClosedThrough(50)});
  EXPECT_TRUE(view.IsRowFinal(0, 100));
  EXPECT_FALSE(view.IsRowFinal(0, 101));
  EXPECT_TRUE(view.IsRowFinal(1, 50));
  EXPECT_FALSE(view.IsRowFinal(1, 51));
}

TEST(ResultViewTest, PartitionNotHeardFromHoldsAllWindowsBack) {
  const ResultView view({ClosedThrough(100, 2), std::nullopt});
  EXPECT_EQ(view.closed_through_us(), std::nullopt);
  EXPECT_FALSE(view.IsWindowFinal(-1000));
  EXPECT_TRUE(view.IsRowFinal(0, 100));
  EXPECT_FALSE(view.IsRowFinal(1, -1000));
  EXPECT_EQ(view.drain_generation(), 0);
}

TEST(ResultViewTest, PartitionThatNeverClosedHoldsAllWindowsBackWhereverItStands) {
  EXPECT_EQ(ResultView({PartitionProgress{}, ClosedThrough(9)}).closed_through_us(), std::nullopt);
  EXPECT_EQ(ResultView({ClosedThrough(9), PartitionProgress{}}).closed_through_us(), std::nullopt);
}

TEST(ResultViewTest, WindowsBefore1970CloseToo) {
  const ResultView view({ClosedThrough(-10), ClosedThrough(-20)});
  EXPECT_EQ(view.closed_through_us(), -20);
  EXPECT_TRUE(view.IsWindowFinal(-20));
  EXPECT_FALSE(view.IsWindowFinal(-19));
}

TEST(ResultViewTest, NoPartitionsMeansNothingIsFinal) {
  const ResultView view({});
  EXPECT_EQ(view.closed_through_us(), std::nullopt);
  EXPECT_EQ(view.drain_generation(), 0);
}

TEST(ResultViewTest, DrainIsDoneWhenAllPartitionsHaveCarriedItOut) {
  EXPECT_EQ(ResultView({ClosedThrough(1, 3), ClosedThrough(1, 2)}).drain_generation(), 2);
}

TEST(ResultViewTest, CountersAreSums) {
  PartitionProgress a;
  a.records_read = 5;
  a.dead_lettered = 1;
  a.late_everywhere = {{"v", 2}};
  PartitionProgress b;
  b.records_read = 7;
  b.late_everywhere = {{"v", 3}, {"w", 1}};
  const ResultView view({a, std::nullopt, b});
  EXPECT_EQ(view.records_read(), 12u);
  EXPECT_EQ(view.dead_lettered(), 1u);
  EXPECT_THAT(view.late_everywhere(), ElementsAre(Pair("v", 5), Pair("w", 1)));
}

}  // namespace
}  // namespace windrow::query
