#include "clients/cli/tune_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cli/session.h"

namespace windrow::cli {
namespace {

using ::testing::ElementsAre;

pipeline::v1::Settings Now() {
  pipeline::v1::Settings now;
  now.set_parallelism(1);
  now.mutable_commit_interval()->set_nanos(10'000'000);
  return now;
}

TuneFactor Factor(absl::string_view path, absl::string_view values) {
  const auto factor = ParseTuneFactor(path, values);
  EXPECT_TRUE(factor.ok()) << factor.status();
  return *factor;
}

std::vector<std::string> Names(const std::vector<TuneTrial>& trials) {
  std::vector<std::string> names;
  for (const TuneTrial& trial : trials) names.push_back(trial.name);
  return names;
}

TEST(TunePlanTest, VariesOneSettingAtATime) {
  const auto trials = PlanTrials(
      Now(), {Factor("parallelism", "1,2"), Factor("commit_interval", "10ms,1s")}, false);
  ASSERT_TRUE(trials.ok());
  // What the settings are already is tried once.
  EXPECT_THAT(Names(*trials), ElementsAre("as it is", "parallelism 2", "commit interval 1s"));
  EXPECT_EQ((*trials)[1].settings.parallelism(), 2);
  EXPECT_EQ((*trials)[1].settings.commit_interval().nanos(), 10'000'000);
  EXPECT_EQ((*trials)[2].settings.parallelism(), 1);
  EXPECT_EQ((*trials)[2].settings.commit_interval().seconds(), 1);
}

TEST(TunePlanTest, AGridIsEveryCombination) {
  const auto trials = PlanTrials(
      Now(), {Factor("parallelism", "1,2"), Factor("records_per_second_per_partition", "none,500")},
      true);
  ASSERT_TRUE(trials.ok());
  EXPECT_THAT(Names(*trials), ElementsAre("as it is", "parallelism 1, rate per partition 500",
                                          "parallelism 2, rate per partition none",
                                          "parallelism 2, rate per partition 500"));
  EXPECT_EQ(trials->back().settings.records_per_second_per_partition(), 500);
}

TEST(TunePlanTest, RefusesWhatIsNoValue) {
  for (const absl::string_view values : {"0", "65", "1,", "two", "1,-1", ""}) {
    EXPECT_TRUE(IsUsageError(ParseTuneFactor("parallelism", values).status())) << values;
  }
  EXPECT_TRUE(IsUsageError(ParseTuneFactor("commit_interval", "10").status()));
  EXPECT_TRUE(IsUsageError(ParseTuneFactor("commit_interval", "-1s").status()));
  EXPECT_EQ(Factor("fetch_memory_bytes", "16").values.size(), 1u);
}

TEST(TunePlanTest, RefusesMoreThanAPersonWaitsFor) {
  const TuneFactor many = Factor("parallelism", "1,2,3,4,5,6,7,8,9");
  const TuneFactor more = Factor("records_per_second", "1,2,3,4,5,6,7,8,9");
  EXPECT_TRUE(PlanTrials(Now(), {many, more}, false).ok());
  EXPECT_TRUE(IsUsageError(PlanTrials(Now(), {many, more}, true).status()));
}

}  // namespace
}  // namespace windrow::cli
