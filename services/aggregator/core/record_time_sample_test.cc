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

TEST(RecordTimeSampleTest, IsEvenlySpreadAndHasTheNewest) {
  RecordTimeSample sample;
  for (int i = 0; i < 16; ++i) sample.Add(i);
  EXPECT_THAT(sample.Take(), ElementsAre(0, 2, 4, 6, 8, 10, 12, 14, 15));
  for (int i = 0; i < 1000; ++i) sample.Add(i);
  EXPECT_THAT(sample.Take(), ElementsAre(0, 128, 256, 384, 512, 640, 768, 896, 999));
}

TEST(RecordTimeSampleTest, TheNewestIsNotAlwaysTheLast) {
  RecordTimeSample sample;
  for (const int time : {5, 90, 7}) sample.Add(time);
  EXPECT_THAT(sample.Take(), ElementsAre(5, 90, 7));
  for (int i = 0; i < 16; ++i) sample.Add(i == 3 ? 50 : i);
  EXPECT_THAT(sample.Take(), ElementsAre(0, 2, 4, 6, 8, 10, 12, 14, 50));
  sample.Add(1);
  EXPECT_THAT(sample.Take(), ElementsAre(1));
}

}  // namespace
}  // namespace windrow::aggregator
