#include "services/aggregator/sink/pipeline_topics.h"

#include <gtest/gtest.h>

namespace windrow::aggregator {
namespace {

TEST(PipelineTopicsTest, TheFirstIncarnationHasThePlainNames) {
  const PipelineTopics topics("calls");
  EXPECT_EQ(topics.partials, "calls.partials");
  EXPECT_EQ(topics.snapshots, "calls.snapshots");
  EXPECT_EQ(topics.results, "calls.results");
  EXPECT_EQ(topics.dead_letter, "calls.dead-letter");
  EXPECT_EQ(topics.group, "windrow.calls");
}

TEST(PipelineTopicsTest, LaterOnesHaveTheirNumber) {
  const PipelineTopics topics("calls", 12);
  EXPECT_EQ(topics.partials, "calls.v12.partials");
  EXPECT_EQ(topics.snapshots, "calls.v12.snapshots");
  EXPECT_EQ(topics.results, "calls.v12.results");
  EXPECT_EQ(topics.dead_letter, "calls.v12.dead-letter");
  EXPECT_EQ(topics.group, "windrow.calls.v12");
}

}  // namespace
}  // namespace windrow::aggregator
