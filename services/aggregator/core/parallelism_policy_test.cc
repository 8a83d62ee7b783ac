#include "services/aggregator/core/parallelism_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "services/aggregator/core/event_time.h"

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kStep = kMicrosPerSecond / 4;

// A replica with 4 partitions on 4 processors. Each worker does `capacity` records per second at
// most, and uses a processor for that.
class ParallelismPolicyTest : public testing::Test {
 protected:
  ParallelismPolicyTest() {
    policy_.SetRange(1, 8);
    seen_.processors = 4;
    seen_.source_partitions = 4;
    seen_.settled = true;
  }

  // Lets records arrive at a rate for some seconds; the numbers of workers that were chosen.
  std::vector<int> Live(double seconds, double per_second) {
    std::vector<int> chosen;
    for (double passed = 0; passed < seconds; passed += 0.25) {
      seen_.now_us += kStep;
      const int useful = std::min({seen_.workers, seen_.source_partitions, seen_.processors});
      const double capacity = capacity_ * useful;
      const double there = static_cast<double>(seen_.lag_records) * 4 + per_second;
      seen_.processed_per_second = std::min(capacity, there);
      seen_.lag_records += static_cast<int64_t>((per_second - seen_.processed_per_second) / 4);
      seen_.cpu_load = seen_.processed_per_second / capacity_;
      const absl::optional<ParallelismStep> step = policy_.Observe(seen_);
      if (!step.has_value()) continue;
      chosen.push_back(step->workers);
      reason_ = step->reason;
      if (!taken_at_.empty()) {
        EXPECT_GE(seen_.now_us - taken_at_.back(), 5 * kMicrosPerSecond);
      }
      taken_at_.push_back(seen_.now_us);
      seen_.workers = step->workers;
    }
    return chosen;
  }

  double capacity_ = 10'000;
  ParallelismPolicy policy_;
  ParallelismObservation seen_;
  std::string reason_;
  std::vector<int64_t> taken_at_;
};

TEST_F(ParallelismPolicyTest, StaysWhereItKeepsUp) { EXPECT_THAT(Live(600, 9'000), IsEmpty()); }

TEST_F(ParallelismPolicyTest, GrowsStepByStepWhileItIsBehindAndShrinksWhenTheLoadIsGone) {
  EXPECT_THAT(Live(60, 32'000), ElementsAre(2, 3, 4));
  EXPECT_THAT(reason_, HasSubstr("records behind, and not catching up"));
  EXPECT_THAT(reason_, HasSubstr("4 partitions for 3 workers"));
  EXPECT_THAT(Live(120, 30'000), IsEmpty()) << "three could not carry it";
  EXPECT_THAT(Live(120, 100), ElementsAre(3, 2, 1));
  EXPECT_THAT(reason_, HasSubstr("not behind for"));
  EXPECT_THAT(Live(60, 32'000), ElementsAre(2, 3, 4));
}

TEST_F(ParallelismPolicyTest, ALoadThatTwoCanJustCarryDoesNotSwing) {
  const std::vector<int> chosen = Live(1800, 14'000);
  EXPECT_LE(chosen.size(), 2u);
  EXPECT_EQ(seen_.workers, 2);
}

TEST_F(ParallelismPolicyTest, AShortPeakIsNoReason) {
  seen_.lag_records = 40'000;
  EXPECT_THAT(Live(60, 100), IsEmpty()) << "caught up in 4 s";
}

TEST_F(ParallelismPolicyTest, ALongBacklogIsOne) {
  seen_.lag_records = 400'000;
  EXPECT_THAT(Live(8, 0), ElementsAre(2));
  EXPECT_THAT(reason_, HasSubstr("caught up only in"));
}

TEST_F(ParallelismPolicyTest, StaysWithinItsRange) {
  policy_.SetRange(2, 3);
  EXPECT_THAT(Live(1, 100), ElementsAre(2)) << "at once";
  EXPECT_THAT(Live(60, 60'000), ElementsAre(3));
  policy_.SetRange(1, 1);
  taken_at_.clear();
  EXPECT_THAT(Live(1, 60'000), ElementsAre(1));
}

TEST_F(ParallelismPolicyTest, NeverMoreWorkersThanPartitions) {
  seen_.source_partitions = 2;
  EXPECT_THAT(Live(120, 60'000), ElementsAre(2));
}

TEST_F(ParallelismPolicyTest, ABusyProcessorIsNoPlaceForMore) {
  seen_.processors = 1;
  EXPECT_THAT(Live(120, 60'000), IsEmpty());
}

TEST_F(ParallelismPolicyTest, WhatBringsNothingIsNotRepeated) {
  // All wait for something else than the processor.
  seen_.lag_records = 1'000'000;
  std::vector<int> chosen;
  for (int i = 0; i < 50 * 4; ++i) {
    seen_.now_us += kStep;
    seen_.processed_per_second = 5'000;
    seen_.lag_records += 1'000;
    seen_.cpu_load = 0.5;
    const absl::optional<ParallelismStep> step = policy_.Observe(seen_);
    if (!step.has_value()) continue;
    chosen.push_back(step->workers);
    seen_.workers = step->workers;
  }
  EXPECT_THAT(chosen, ElementsAre(2));
}

TEST_F(ParallelismPolicyTest, NothingIsDecidedWhileItIsHeld) {
  Live(20, 32'000);
  const int workers = seen_.workers;
  seen_.held = true;
  EXPECT_THAT(Live(120, 32'000), IsEmpty());
  EXPECT_THAT(Live(120, 0), IsEmpty());
  seen_.held = false;
  seen_.lag_records = 0;
  EXPECT_THAT(Live(10, 100), IsEmpty()) << "what was seen before does not count";
  EXPECT_EQ(seen_.workers, workers);
}

TEST_F(ParallelismPolicyTest, ARebalanceIsNoCalm) {
  Live(20, 32'000);
  const int workers = seen_.workers;
  ASSERT_GT(workers, 1);
  for (int i = 0; i < 40; ++i) {
    // Now and then nobody has any partition, and so no lag.
    seen_.lag_records = 0;
    EXPECT_THAT(Live(5, 100), IsEmpty());
    seen_.settled = false;
    EXPECT_THAT(Live(0.5, 100), IsEmpty());
    seen_.settled = true;
  }
  EXPECT_EQ(seen_.workers, workers);
}

}  // namespace
}  // namespace windrow::aggregator
