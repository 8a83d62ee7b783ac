#include "services/aggregator/core/watermark_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/plan_builder.h"

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr EventSpan kSecond = kMicrosPerSecond;

SourceFacts Facts(int64_t lag, bool limited = false, std::string error = "") {
  SourceFacts facts;
  facts.running = true;
  facts.limited = limited;
  facts.lag_records = lag;
  facts.error = std::move(error);
  return facts;
}

// Watermarks in seconds; an idle one is in the second list.
MergeWait Wait(const std::vector<absl::optional<int>>& watermarks,
               const std::vector<int>& idle = {}, int closed_through = 0) {
  MergeWait wait;
  wait.closed_through = closed_through * kSecond;
  for (size_t i = 0; i < watermarks.size(); ++i) {
    wait.sources.emplace_back();
    if (!watermarks[i].has_value()) continue;
    const bool is_idle = std::find(idle.begin(), idle.end(), static_cast<int>(i)) != idle.end();
    wait.sources.back() = SourceMark{*watermarks[i] * kSecond, is_idle};
  }
  wait.views.resize(1);
  return wait;
}

class WatermarkWatchTest : public testing::Test {
 protected:
  std::vector<int> Holding(const WatermarkReport& report) {
    std::vector<int> partitions;
    for (const WatermarkHold& hold : report.holds) partitions.push_back(hold.partition);
    return partitions;
  }

  const std::shared_ptr<const PipelinePlan> plan_ =
      PlanBuilder().View(10 * kSecond, 10 * kSecond).Build();
  WatermarkWatch watch_{plan_.get()};
};

TEST_F(WatermarkWatchTest, NothingIsKnownWithoutAMerge) {
  const WatermarkReport report = watch_.Observe({}, {{0, Facts(5)}}, 1);
  EXPECT_FALSE(report.known);
  EXPECT_THAT(report.holds, IsEmpty());
}

TEST_F(WatermarkWatchTest, TheLeastWatermarkHoldsTheOthersBack) {
  const WatermarkReport report = watch_.Observe(
      {Wait({30, 20, 40}, {}, 20)}, {{0, Facts(1)}, {1, Facts(7, true)}, {2, Facts(0)}}, 100);
  EXPECT_TRUE(report.known);
  EXPECT_EQ(report.closed_through, 20 * kSecond);
  ASSERT_THAT(report.holds, SizeIs(1));
  EXPECT_EQ(report.holds[0].partition, 1);
  EXPECT_EQ(report.holds[0].cause, HoldCause::kLimited);
  EXPECT_EQ(report.holds[0].watermark, 20 * kSecond);
  EXPECT_EQ(report.holds[0].leading, 40 * kSecond);
  EXPECT_EQ(report.holds[0].lag_records, 7);
  EXPECT_FALSE(report.all_idle);
}

TEST_F(WatermarkWatchTest, WhatIsHeldHoldsBack) {
  std::map<int, SourceFacts> facts = {{0, Facts(0)}, {1, Facts(7, true)}};
  for (auto& entry : facts) entry.second.paused = true;
  WatermarkReport report = watch_.Observe({Wait({30, 20}, {}, 20)}, facts, 100);
  ASSERT_THAT(report.holds, SizeIs(1));
  EXPECT_EQ(report.holds[0].cause, HoldCause::kPaused);
  facts[1].error = "lost";
  report = watch_.Observe({Wait({30, 20}, {}, 20)}, facts, 100);
  EXPECT_EQ(report.holds[0].cause, HoldCause::kFailed);
}

TEST_F(WatermarkWatchTest, SeveralMayHoldTogether) {
  EXPECT_THAT(Holding(watch_.Observe({Wait({20, 30, 20})}, {}, 1)), ElementsAre(0, 2));
  // The foremost ones hold nobody back.
  EXPECT_THAT(Holding(watch_.Observe({Wait({20})}, {}, 2)), IsEmpty());
  EXPECT_THAT(Holding(watch_.Observe({Wait({20, 20})}, {}, 3)), IsEmpty());
}

TEST_F(WatermarkWatchTest, OneNeverHeardOfHoldsBackAll) {
  const WatermarkReport report =
      watch_.Observe({Wait({20, absl::nullopt, 10, absl::nullopt})}, {{3, Facts(4)}}, 1);
  EXPECT_THAT(Holding(report), ElementsAre(1, 3));
  EXPECT_EQ(report.holds[0].cause, HoldCause::kNeverHeardOf);
  EXPECT_EQ(report.holds[0].watermark, kNever);
  EXPECT_EQ(report.holds[1].cause, HoldCause::kBehind);
  // Also before there is any record.
  EXPECT_THAT(Holding(watch_.Observe({Wait({absl::nullopt})}, {}, 2)), ElementsAre(0));
}

TEST_F(WatermarkWatchTest, AnIdleOneHoldsNobodyBack) {
  EXPECT_THAT(Holding(watch_.Observe({Wait({20, 30, 40}, {0})}, {}, 1)), ElementsAre(1));
  const WatermarkReport idle = watch_.Observe({Wait({20, 30}, {0, 1})}, {}, 2);
  EXPECT_TRUE(idle.all_idle);
  EXPECT_THAT(idle.holds, IsEmpty());
}

TEST_F(WatermarkWatchTest, WhatIsClosedIsNotHeldBack) {
  EXPECT_THAT(Holding(watch_.Observe({Wait({20, 30}, {}, 29)}, {}, 1)), ElementsAre(0));
  EXPECT_THAT(Holding(watch_.Observe({Wait({20, 30}, {}, 30)}, {}, 2)), IsEmpty());
}

TEST_F(WatermarkWatchTest, SaysWhy) {
  const auto cause = [&](const std::map<int, SourceFacts>& facts) {
    return watch_.Observe({Wait({20, 30})}, facts, 1).holds.at(0).cause;
  };
  EXPECT_EQ(cause({}), HoldCause::kReadElsewhere);
  EXPECT_EQ(cause({{0, Facts(0)}}), HoldCause::kAtItsEnd);
  EXPECT_EQ(cause({{0, Facts(3)}}), HoldCause::kBehind);
  EXPECT_EQ(cause({{0, Facts(3, true)}}), HoldCause::kLimited);
  EXPECT_EQ(cause({{0, Facts(0, true)}}), HoldCause::kAtItsEnd);
  EXPECT_EQ(cause({{0, Facts(3, true, "lost")}}), HoldCause::kFailed);
  EXPECT_EQ(cause({{0, SourceFacts()}}), HoldCause::kStarting);
  EXPECT_EQ(watch_.Observe({Wait({20, 30})}, {{0, Facts(3, true, "lost")}}, 1).holds[0].error,
            "lost");
}

TEST_F(WatermarkWatchTest, RemembersSinceWhen) {
  const auto hold = [&](const MergeWait& wait, int64_t now) {
    return watch_.Observe({wait}, {}, now).holds.at(0);
  };
  EXPECT_EQ(hold(Wait({20, 30}), 100).since_us, 100);
  EXPECT_EQ(hold(Wait({20, 40}), 200).since_us, 100);
  EXPECT_EQ(hold(Wait({20, 40}), 300).last_advance_us, 100);
  // It moves on, but holds back still.
  EXPECT_EQ(hold(Wait({25, 40}), 400).since_us, 100);
  EXPECT_EQ(hold(Wait({25, 40}), 500).last_advance_us, 400);
  // The other one's turn, then again its own.
  EXPECT_EQ(hold(Wait({50, 40}), 600).since_us, 600);
  EXPECT_EQ(hold(Wait({50, 60}), 700).since_us, 700);
  EXPECT_EQ(hold(Wait({50, 60}), 800).last_advance_us, 600);
}

TEST_F(WatermarkWatchTest, TheMergePartitionFurthestBehindCounts) {
  MergeWait ahead = Wait({30, 50}, {}, 30);
  ahead.views[0].ends = {40 * kSecond, 50 * kSecond};
  MergeWait behind = Wait({30, 20}, {}, 20);
  behind.views[0].ends = {30 * kSecond, 40 * kSecond};
  behind.views[0].more = true;
  const WatermarkReport report = watch_.Observe({ahead, behind}, {}, 1);
  EXPECT_EQ(report.closed_through, 20 * kSecond);
  EXPECT_THAT(Holding(report), ElementsAre(1));
  // A window that is in both counts once.
  EXPECT_THAT(report.views[0].ends, ElementsAre(30 * kSecond, 40 * kSecond, 50 * kSecond));
  EXPECT_TRUE(report.views[0].more);
}

// A combiner and a merger beneath it; times in seconds, watermark delay 0.
class WaitOfTest : public testing::Test {
 protected:
  void Start(const PlanBuilder& builder, int sources) {
    plan_ = builder.Build();
    combiner_ = std::make_unique<Combiner>(Combiner::Create(plan_).value());
    merger_ = std::make_unique<Merger>(plan_);
    for (int partition = 0; partition < sources; ++partition) {
      SourcePosition fresh;
      fresh.partition = partition;
      combiner_->AddSource(fresh);
    }
    combiner_->SetPartitions(sources);
  }

  void Add(int partition, int time, const std::string& group = "a") {
    TestRecord record;
    record.At(time * kSecond).With(group);
    ASSERT_EQ(combiner_->Add(partition, combiner_->position(partition)->end_offset, kNever,
                             record.fields()),
              absl::nullopt);
  }

  // Seconds of the ends that a view waits for.
  std::vector<int> Blocked(size_t view = 0) {
    for (const Frame& frame : combiner_->Seal().frames) merger_->Apply(frame);
    std::vector<int> seconds;
    const MergeWait wait = WaitOf(*plan_, *merger_);
    for (const EventTime end : wait.views[view].ends) {
      seconds.push_back(static_cast<int>(end / kSecond));
    }
    return seconds;
  }

  std::shared_ptr<const PipelinePlan> plan_;
  std::unique_ptr<Combiner> combiner_;
  std::unique_ptr<Merger> merger_;
};

TEST_F(WaitOfTest, WindowsThatTheOthersWouldClose) {
  Start(PlanBuilder().View(10 * kSecond, 10 * kSecond).View(20 * kSecond, 10 * kSecond), 2);
  Add(0, 5);
  Add(0, 15);
  Add(0, 41);
  EXPECT_THAT(Blocked(), ElementsAre(10, 20));  // the other source has not been heard of
  Add(1, 3);
  EXPECT_THAT(Blocked(), ElementsAre(10, 20));
  EXPECT_THAT(Blocked(1), ElementsAre(10, 20, 30));
  const MergeWait wait = WaitOf(*plan_, *merger_);
  EXPECT_EQ(wait.closed_through, 3 * kSecond);
  ASSERT_THAT(wait.sources, SizeIs(2));
  EXPECT_EQ(wait.sources[0]->watermark, 41 * kSecond);
  EXPECT_FALSE(wait.sources[1]->idle);
  // Closed ones are not blocked any more, nor is one that nobody's watermark has passed.
  Add(1, 12, "b");
  EXPECT_THAT(Blocked(), ElementsAre(20));
  EXPECT_THAT(Blocked(1), ElementsAre(20, 30));
  Add(1, 45);
  EXPECT_THAT(Blocked(), IsEmpty());
  EXPECT_THAT(Blocked(1), IsEmpty());
}

TEST_F(WaitOfTest, WhenAllAreIdleThePolicyIsWaitedFor) {
  IdlePolicy policy;
  policy.all_idle = AllIdle::kWait;
  policy.idle_timeout = 5 * kSecond;
  Start(PlanBuilder().View(10 * kSecond, 10 * kSecond).Idle(policy), 1);
  Add(0, 5);
  Add(0, 17);
  EXPECT_THAT(Blocked(), IsEmpty());
  combiner_->SetIdleFor(0, 5 * kSecond);
  EXPECT_THAT(Blocked(), ElementsAre(20));
  EXPECT_TRUE(WaitOf(*plan_, *merger_).sources[0]->idle);
}

TEST_F(WaitOfTest, TheOldestOfVeryMany) {
  Start(PlanBuilder().View(kSecond, kSecond), 2);
  Add(1, 0);
  for (int time = 0; time < 3000; ++time) Add(0, time);
  const std::vector<int> blocked = Blocked();
  ASSERT_THAT(blocked, SizeIs(BlockedWindows::kMost));
  EXPECT_EQ(blocked.front(), 1);
  EXPECT_EQ(blocked.back(), 1000);
  EXPECT_TRUE(WaitOf(*plan_, *merger_).views[0].more);
}

TEST_F(WaitOfTest, EachSessionForItself) {
  Start(PlanBuilder().SessionView(10 * kSecond), 2);
  Add(1, 0, "z");
  Add(0, 5, "a");
  Add(0, 5, "b");
  Add(0, 9, "b");
  Add(0, 100, "a");
  EXPECT_THAT(Blocked(), ElementsAre(10, 15, 19));
}

}  // namespace
}  // namespace windrow::aggregator
