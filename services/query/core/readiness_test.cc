#include "services/query/core/readiness.h"

#include "gtest/gtest.h"

namespace windrow::query {
namespace {

constexpr Holding kComplete = Holding::kComplete;
constexpr Holding kIncomplete = Holding::kIncomplete;
constexpr Holding kNothingToRead = Holding::kNothingToRead;

TEST(ReadinessTest, StartWaitsForAllPipelines) {
  Readiness readiness;
  EXPECT_FALSE(readiness.Decide(true, {{"a", kIncomplete}, {"b", kIncomplete}}));
  EXPECT_FALSE(readiness.Decide(true, {{"a", kComplete}, {"b", kIncomplete}}));
  EXPECT_FALSE(readiness.Decide(true, {{"a", kComplete}, {"b", kComplete}, {"c", kIncomplete}}));
  EXPECT_TRUE(readiness.Decide(true, {{"a", kComplete}, {"b", kComplete}, {"c", kComplete}}));
}

TEST(ReadinessTest, NothingIsReadyBeforeAnythingIsKnown) {
  Readiness readiness;
  EXPECT_FALSE(readiness.Decide(false, {}));
  EXPECT_TRUE(readiness.Decide(true, {}));
}

TEST(ReadinessTest, NewPipelineDoesNotHoldUpTheOthers) {
  Readiness readiness;
  ASSERT_TRUE(readiness.Decide(true, {{"a", kComplete}}));
  EXPECT_TRUE(readiness.Decide(true, {{"a", kComplete}, {"new", kIncomplete}}));
  EXPECT_FALSE(readiness.Decide(true, {{"a", kIncomplete}, {"new", kIncomplete}}));
  EXPECT_TRUE(readiness.Decide(true, {{"a", kComplete}, {"new", kIncomplete}}));
}

TEST(ReadinessTest, FirstPipelineDoesNotEither) {
  Readiness readiness;
  ASSERT_TRUE(readiness.Decide(true, {}));
  EXPECT_TRUE(readiness.Decide(true, {{"new", kNothingToRead}}));
  EXPECT_TRUE(readiness.Decide(true, {{"new", kIncomplete}}));
}

TEST(ReadinessTest, RebuildOfWhatWasCompleteDoes) {
  Readiness readiness;
  ASSERT_TRUE(readiness.Decide(true, {{"a", kComplete}}));
  ASSERT_TRUE(readiness.Decide(true, {{"a", kComplete}, {"new", kIncomplete}}));
  ASSERT_TRUE(readiness.Decide(true, {{"a", kComplete}, {"new", kComplete}}));
  EXPECT_FALSE(readiness.Decide(true, {{"a", kComplete}, {"new", kIncomplete}}));
  EXPECT_FALSE(readiness.Decide(true, {{"a", kComplete}, {"new", kIncomplete}}));
  EXPECT_TRUE(readiness.Decide(true, {{"a", kComplete}, {"new", kComplete}}));
}

TEST(ReadinessTest, PipelineThatComesBackIsNew) {
  Readiness readiness;
  ASSERT_TRUE(readiness.Decide(true, {{"a", kComplete}, {"b", kComplete}}));
  ASSERT_TRUE(readiness.Decide(true, {{"a", kComplete}}));
  EXPECT_TRUE(readiness.Decide(true, {{"a", kComplete}, {"b", kIncomplete}}));
}

TEST(ReadinessTest, WhatTheDiskHasIsServedBeforeMoreIsKnownButDoesNotEndTheStart) {
  Readiness readiness;
  EXPECT_FALSE(readiness.Decide(false, {{"a", kIncomplete}}));
  EXPECT_TRUE(readiness.Decide(false, {{"a", kComplete}}));
  EXPECT_FALSE(readiness.Decide(true, {{"a", kComplete}, {"b", kIncomplete}}));
  EXPECT_TRUE(readiness.Decide(true, {{"a", kComplete}, {"b", kComplete}}));
}

}  // namespace
}  // namespace windrow::query
