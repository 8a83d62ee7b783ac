#include "services/aggregator/core/applied_change.h"

#include <gtest/gtest.h>

namespace windrow::aggregator {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::min();

TEST(AppliedChangeTest, WhatWorkersSeeAtOnceIsApplied) {
  AppliedChange change;
  change.Begin(7, false, 100);
  EXPECT_TRUE(change.pending());
  EXPECT_TRUE(change.Observe({{10, 20}}, 105));
  EXPECT_EQ(change.generation(), 7);
  EXPECT_EQ(change.applied_us(), 105);
  EXPECT_EQ(change.pause(), 0);
  EXPECT_FALSE(change.Observe({{10, 20}}, 106)) << "once is enough";
}

TEST(AppliedChangeTest, MoreWorkersAreAppliedWhenAllHaveTheirPartitions) {
  AppliedChange change;
  change.Begin(2, true, 100);
  // The old one still reads, the new one has only been started.
  EXPECT_FALSE(change.Observe({{10, 20}, {kNever, kNever}}, 110));
  EXPECT_FALSE(change.Observe({{130, 20}, {kNever, kNever}}, 131)) << "taken from it";
  EXPECT_FALSE(change.Observe({{130, 150}, {kNever, kNever}}, 151));
  EXPECT_TRUE(change.Observe({{130, 150}, {kNever, 170}}, 200));
  EXPECT_EQ(change.generation(), 2);
  EXPECT_EQ(change.applied_us(), 170);
  EXPECT_EQ(change.pause(), 40) << "from 130 to 170";
}

TEST(AppliedChangeTest, TheFirstWorkersCauseNoPause) {
  AppliedChange change;
  change.Begin(1, true, 100);
  EXPECT_FALSE(change.Observe({{kNever, kNever}}, 101));
  EXPECT_TRUE(change.Observe({{kNever, 300}}, 301));
  EXPECT_EQ(change.pause(), 0);
}

TEST(AppliedChangeTest, AnotherChangeMeanwhileIsAppliedTogetherWithTheFirst) {
  AppliedChange change;
  change.Begin(2, true, 100);
  EXPECT_FALSE(change.Observe({{130, 20}}, 131));
  change.Begin(3, false, 140);
  EXPECT_FALSE(change.Observe({{130, 20}}, 141)) << "the workers of the first are not there yet";
  EXPECT_TRUE(change.Observe({{130, 160}}, 161));
  EXPECT_EQ(change.generation(), 3);
  EXPECT_EQ(change.pause(), 30);

  // Again another number before the first one is there: the pause is of both.
  change.Begin(4, true, 200);
  EXPECT_FALSE(change.Observe({{210, 160}}, 211));
  change.Begin(5, true, 230);
  EXPECT_FALSE(change.Observe({{210, 220}}, 231)) << "it has what the first change gave it";
  EXPECT_TRUE(change.Observe({{240, 260}}, 261));
  EXPECT_EQ(change.generation(), 5);
  EXPECT_EQ(change.pause(), 50);
}

TEST(AppliedChangeTest, ARebalanceWithoutAChangeIsNoPause) {
  AppliedChange change;
  change.Begin(1, true, 0);
  EXPECT_TRUE(change.Observe({{kNever, 10}}, 11));
  EXPECT_FALSE(change.Observe({{20, 30}}, 31));
  change.Begin(2, false, 40);
  EXPECT_TRUE(change.Observe({{20, 30}}, 41));
  EXPECT_EQ(change.pause(), 0);
}

}  // namespace
}  // namespace windrow::aggregator
