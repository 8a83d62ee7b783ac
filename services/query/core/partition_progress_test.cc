#include "services/query/core/partition_progress.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(PartitionProgressTest, DecodesWhatItEncoded) {
  PartitionProgress progress;
  progress.closed_through_us = -5;
  progress.drain_generation = 3;
  progress.records_read = 100;
  progress.dead_lettered = 2;
  progress.views = {"b", "a"};
  progress.late_everywhere = {{"a", 7}};
  const auto decoded = DecodeProgress(EncodeProgress(progress));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->closed_through_us, -5);
  EXPECT_EQ(decoded->drain_generation, 3);
  EXPECT_EQ(decoded->records_read, 100u);
  EXPECT_EQ(decoded->dead_lettered, 2u);
  EXPECT_THAT(decoded->views, ElementsAre("b", "a"));
  EXPECT_THAT(decoded->late_everywhere, ElementsAre(Pair("a", 7)));
}

TEST(PartitionProgressTest, TellsNeverClosedFromClosedThroughZero) {
  PartitionProgress closed_through_zero;
  closed_through_zero.closed_through_us = 0;
  EXPECT_EQ(DecodeProgress(EncodeProgress({}))->closed_through_us, std::nullopt);
  EXPECT_EQ(DecodeProgress(EncodeProgress(closed_through_zero))->closed_through_us, 0);
}

TEST(PartitionProgressTest, RefusesCutAndLengthenedBytes) {
  PartitionProgress progress;
  progress.views = {"view"};
  progress.late_everywhere = {{"view", 1}};
  const std::string bytes = EncodeProgress(progress);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeProgress(bytes.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(DecodeProgress(bytes + "x").has_value());
}

}  // namespace
}  // namespace windrow::query
