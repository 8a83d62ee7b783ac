#include "services/aggregator/core/record_time_sample.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(RecordTimeSampleTest, KeepsAllOfAFew) {
  RecordTimeSample sample;
  for (int i = 0; i < 5; ++i) sample.Add(i);
  EXPECT_THAT(sample.Take(), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(sample.Take(), IsEmpty());
}

TEST(RecordTimeSampleTest, IsEvenlySpread) {
  RecordTimeSample sample;
  for (int i = 0; i < 16; ++i) sample.Add(i);
  EXPECT_THAT(sample.Take(), ElementsAre(0, 2, 4, 6, 8, 10, 12, 14));
  for (int i = 0; i < 1000; ++i) sample.Add(i);
  EXPECT_THAT(sample.Take(), ElementsAre(0, 128, 256, 384, 512, 640, 768, 896));
}

}  // namespace
}  // namespace windrow::aggregator
