#include "services/aggregator/core/window_closer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/aggregator/core/plan_builder.h"

namespace windrow::aggregator {
namespace {

constexpr EventSpan kSecond = kMicrosPerSecond;

// A position for tests; times in seconds.
class Source {
 public:
  Source(int partition, int partitions) {
    position_.partition = partition;
    position_.partitions = partitions;
  }
  // The largest event time; the watermark follows it by `delay`.
  Source& Max(int64_t seconds, int64_t delay = 0) {
    position_.max_event_time = seconds * kSecond;
    position_.watermark = (seconds - delay) * kSecond;
    return *this;
  }
  Source& IdleFor(int64_t seconds) {
    position_.idle_for = seconds * kSecond;
    return *this;
  }
  Source& Drained(int64_t generation) {
    position_.drain_generation = generation;
    return *this;
  }
  Source& Offsets(int64_t base, int64_t end) {
    position_.base_offset = base;
    position_.end_offset = end;
    return *this;
  }
  Source& Policy(int64_t generation, absl::optional<IdlePolicy> policy = absl::nullopt) {
    position_.plan_generation = generation;
    position_.idle_policy = policy;
    return *this;
  }
  const SourcePosition& position() const { return position_; }

 private:
  SourcePosition position_;
};

IdlePolicy Policy(AllIdle all_idle, int64_t idle_timeout, int64_t close_after = 0) {
  IdlePolicy policy;
  policy.all_idle = all_idle;
  policy.idle_timeout = idle_timeout * kSecond;
  policy.close_after = close_after * kSecond;
  return policy;
}

// One view of windows of 10 s every 5 s, idle after 30 s, a horizon of 1000 s, unless the test
// starts another.
class WindowCloserTest : public testing::Test {
 protected:
  WindowCloserTest() { Start(Policy(AllIdle::kWallClock, 30)); }

  void Start(IdlePolicy policy) {
    Start(PlanBuilder().View(10 * kSecond, 5 * kSecond).Horizon(1000 * kSecond).Idle(policy));
  }
  void Start(const PlanBuilder& builder) {
    plan_ = builder.Build();
    closer_ = std::make_unique<WindowCloser>(plan_.get());
  }

  // One frame with these positions.
  void Hear(const std::vector<Source>& sources) {
    for (const Source& source : sources) closer_->Update(source.position());
    closer_->Advance();
  }

  // In seconds; -1 for never.
  int64_t Closed() const { return Seconds(closer_->closed_through()); }
  int64_t Unchangeable() const { return Seconds(closer_->unchangeable_through()); }
  static int64_t Seconds(EventTime time) { return time == kNever ? -1 : time / kSecond; }

  std::shared_ptr<const PipelinePlan> plan_;
  std::unique_ptr<WindowCloser> closer_;
};

TEST_F(WindowCloserTest, NothingIsClosedAtFirst) {
  EXPECT_EQ(closer_->closed_through(), kNever);
  EXPECT_EQ(closer_->unchangeable_through(), kNever);
  closer_->Advance();
  EXPECT_EQ(closer_->closed_through(), kNever);
  EXPECT_EQ(closer_->drain_generation(), 0);
}

TEST_F(WindowCloserTest, TheSlowestActiveSourceDecides) {
  Hear({Source(0, 3).Max(100), Source(1, 3).Max(50), Source(2, 3).Max(70, 30)});
  EXPECT_EQ(Closed(), 40);
  Hear({Source(2, 3).Max(90, 30)});
  EXPECT_EQ(Closed(), 50);
  Hear({Source(1, 3).Max(200)});
  EXPECT_EQ(Closed(), 60);
}

TEST_F(WindowCloserTest, ASourceNotHeardFromHolds) {
  Hear({Source(0, 3).Max(100)});
  EXPECT_EQ(Closed(), -1);
  Hear({Source(2, 3).Max(100)});
  EXPECT_EQ(Closed(), -1);
  Hear({Source(1, 3).Max(80)});
  EXPECT_EQ(Closed(), 80);
}

TEST_F(WindowCloserTest, ASourceNotHeardFromHoldsIdlenessAndDrainToo) {
  Start(Policy(AllIdle::kCloseAfter, 1, 1));
  Hear({Source(1, 2).Max(100).IdleFor(1000).Drained(1)});
  EXPECT_EQ(Closed(), -1);
  EXPECT_EQ(closer_->drain_generation(), 0);
}

TEST_F(WindowCloserTest, ASourceWithoutRecordsHoldsUntilItIsIdle) {
  Hear({Source(0, 2).Max(100), Source(1, 2)});
  EXPECT_EQ(Closed(), -1);
  Hear({Source(1, 2).IdleFor(29)});
  EXPECT_EQ(Closed(), -1);
  Hear({Source(1, 2).IdleFor(30)});
  EXPECT_EQ(Closed(), 100);
}

TEST_F(WindowCloserTest, AnIdleSourceLeavesTheMinimumAndComesBack) {
  Hear({Source(0, 2).Max(100), Source(1, 2).Max(50)});
  Hear({Source(1, 2).Max(50).IdleFor(30)});
  EXPECT_EQ(Closed(), 100);
  // Back, it holds what is not closed yet, and reopens nothing.
  Hear({Source(1, 2).Max(60)});
  EXPECT_EQ(Closed(), 100);
  Hear({Source(0, 2).Max(200)});
  EXPECT_EQ(Closed(), 100);
  Hear({Source(1, 2).Max(150)});
  EXPECT_EQ(Closed(), 150);
}

TEST_F(WindowCloserTest, WallClockGoesOnFromTheLargestWatermarkUpToTheLastEnd) {
  // The largest time 103 lies in the windows that end at 105 and 110.
  Hear({Source(0, 2).Max(103, 60).IdleFor(30), Source(1, 2).Max(70, 60).IdleFor(29)});
  EXPECT_EQ(Closed(), 10) << "one is active";
  Hear({Source(1, 2).Max(70, 60).IdleFor(30)});
  EXPECT_EQ(Closed(), 43 + 30);
  Hear({Source(0, 2).Max(103, 60).IdleFor(60)});
  EXPECT_EQ(Closed(), 43 + 30) << "the smallest idleness counts";
  Hear({Source(1, 2).Max(70, 60).IdleFor(50)});
  EXPECT_EQ(Closed(), 43 + 50);
  Hear({Source(0, 2).Max(103, 60).IdleFor(6000), Source(1, 2).Max(70, 60).IdleFor(6000)});
  EXPECT_EQ(Closed(), 110);
}

TEST_F(WindowCloserTest, TheLastEndIsThatOfTheLastWindowOfAnyView) {
  Start(PlanBuilder()
            .View(10 * kSecond, 5 * kSecond)
            .View(70 * kSecond, 70 * kSecond, 20 * kSecond)
            .View(kSecond, kSecond)
            .Idle(Policy(AllIdle::kWallClock, 30)));
  Hear({Source(0, 1).Max(100).IdleFor(6000)});
  EXPECT_EQ(Closed(), 160);  // [90, 160)
}

TEST_F(WindowCloserTest, CloseAfterClosesAllWhenAllAreIdleForSoLong) {
  Start(Policy(AllIdle::kCloseAfter, 30, 5));
  Hear({Source(0, 2).Max(103, 60).IdleFor(100), Source(1, 2).Max(50, 60).IdleFor(4)});
  EXPECT_EQ(Closed(), -10);
  Hear({Source(1, 2).Max(50, 60).IdleFor(5)});
  EXPECT_EQ(Closed(), 110);
  // What comes then closes by watermarks again.
  Hear({Source(0, 2).Max(300, 60), Source(1, 2).Max(170, 60)});
  EXPECT_EQ(Closed(), 110);
  Hear({Source(1, 2).Max(180, 60)});
  EXPECT_EQ(Closed(), 120);
}

TEST_F(WindowCloserTest, CloseAfterMayBeLongerThanTheIdleTimeout) {
  Start(Policy(AllIdle::kCloseAfter, 30, 300));
  Hear({Source(0, 2).Max(100), Source(1, 2).Max(50).IdleFor(299)});
  EXPECT_EQ(Closed(), 100);
  Hear({Source(0, 2).Max(100).IdleFor(299)});
  EXPECT_EQ(Closed(), 100);
  Hear({Source(0, 2).Max(100).IdleFor(300), Source(1, 2).Max(50).IdleFor(301)});
  EXPECT_EQ(Closed(), 110);
}

TEST_F(WindowCloserTest, WaitWaits) {
  Start(Policy(AllIdle::kWait, 30));
  Hear({Source(0, 2).Max(100).IdleFor(5000), Source(1, 2).Max(50)});
  EXPECT_EQ(Closed(), 50);
  Hear({Source(1, 2).Max(50).IdleFor(5000)});
  EXPECT_EQ(Closed(), 50);
  Hear({Source(1, 2).Max(70)});
  EXPECT_EQ(Closed(), 70);
}

TEST_F(WindowCloserTest, ASourceThatIsNotAtItsEndIsNeverIdle) {
  for (const AllIdle all_idle : {AllIdle::kWallClock, AllIdle::kCloseAfter, AllIdle::kWait}) {
    Start(Policy(all_idle, 0, 0));
    Hear({Source(0, 2).Max(100), Source(1, 2).Max(50)});
    EXPECT_EQ(Closed(), 50) << "policy " << static_cast<int>(all_idle);
  }
}

TEST_F(WindowCloserTest, IdleWithoutAnyRecordClosesNothing) {
  for (const AllIdle all_idle : {AllIdle::kWallClock, AllIdle::kCloseAfter, AllIdle::kWait}) {
    Start(Policy(all_idle, 30, 5));
    Hear({Source(0, 2).IdleFor(1000), Source(1, 2).IdleFor(1000)});
    EXPECT_EQ(closer_->closed_through(), kNever) << "policy " << static_cast<int>(all_idle);
  }
}

TEST_F(WindowCloserTest, DrainClosesAllOnceAllHaveDrained) {
  Start(Policy(AllIdle::kWait, 30));
  Hear({Source(0, 2).Max(103).Drained(3), Source(1, 2).Max(50)});
  EXPECT_EQ(Closed(), 50);
  EXPECT_EQ(closer_->drain_generation(), 0);
  Hear({Source(1, 2).Max(50).Drained(2)});
  EXPECT_EQ(Closed(), 110) << "both have reached the drain of generation 2";
  EXPECT_EQ(closer_->drain_generation(), 2);
  Hear({Source(1, 2).Max(51).Drained(3)});
  EXPECT_EQ(closer_->drain_generation(), 3);
}

TEST_F(WindowCloserTest, ADrainCountsOnce) {
  Start(Policy(AllIdle::kWait, 30));
  Hear({Source(0, 1).Max(100).Drained(1)});
  EXPECT_EQ(Closed(), 110);
  Hear({Source(0, 1).Max(207, 50).Drained(1)});
  EXPECT_EQ(Closed(), 157);
  Hear({Source(0, 1).Max(207, 50).Drained(2)});
  EXPECT_EQ(Closed(), 215);
}

TEST_F(WindowCloserTest, AnEmptyTopicDrainsToo) {
  Hear({Source(0, 2).Drained(1), Source(1, 2).Drained(1)});
  EXPECT_EQ(closer_->closed_through(), kNever);
  EXPECT_EQ(closer_->drain_generation(), 1);
}

TEST_F(WindowCloserTest, AnEmptyPartitionDoesNotHoldADrain) {
  Hear({Source(0, 2).Drained(1), Source(1, 2).Max(100).Drained(1)});
  EXPECT_EQ(Closed(), 110);
}

TEST_F(WindowCloserTest, NewPartitionsHoldUntilTheyAreHeardFrom) {
  Hear({Source(0, 1).Max(100)});
  EXPECT_EQ(Closed(), 100);
  Hear({Source(0, 3).Max(200).Drained(1)});
  EXPECT_EQ(Closed(), 100);
  Hear({Source(1, 3).Max(150).Drained(1)});
  EXPECT_EQ(Closed(), 100);
  EXPECT_EQ(closer_->drain_generation(), 0);
  Hear({Source(2, 3).Max(50)});
  EXPECT_EQ(Closed(), 100);
  Hear({Source(2, 3).Max(140)});
  EXPECT_EQ(Closed(), 140);
}

TEST_F(WindowCloserTest, APartitionBeyondTheNumberSaidIsOneMore) {
  // The owner of partition 2 knows of the new partitions, the owner of partition 0 not yet.
  Hear({Source(2, 3).Max(100), Source(0, 1).Max(100)});
  EXPECT_EQ(Closed(), -1);
  Hear({Source(1, 2).Max(90)});
  EXPECT_EQ(Closed(), 90);
}

TEST_F(WindowCloserTest, ANumberOfPartitionsOnceSaidIsKeptOverARestore) {
  Hear({Source(0, 1).Max(100)});
  Hear({Source(0, 2).Max(101)});
  // Another owner, which has not heard of the new partition.
  Hear({Source(0, 1).Max(200)});
  EXPECT_EQ(Closed(), 100);
  WindowCloser restored(plan_.get());
  restored.Restore({*closer_->sources()[0]}, closer_->closed_through(),
                   closer_->unchangeable_through(), closer_->drain_generation(),
                   closer_->discontinuities());
  restored.Advance();
  EXPECT_EQ(restored.closed_through(), 100 * kSecond);
}

TEST_F(WindowCloserTest, UnchangeableIsWhatAllSourcesHavePassed) {
  Hear({Source(0, 2).Max(100), Source(1, 2).Max(50)});
  EXPECT_EQ(Unchangeable(), 50);
  // Closed without it, a window can still be corrected by the idle source.
  Hear({Source(1, 2).Max(50).IdleFor(30)});
  EXPECT_EQ(Closed(), 100);
  EXPECT_EQ(Unchangeable(), 50);
  // At the end of the log nothing is closed that no watermark has passed.
  Hear({Source(0, 2).Max(100).IdleFor(60)});
  EXPECT_EQ(Closed(), 110);
  EXPECT_EQ(Unchangeable(), 50);
  Hear({Source(0, 2).Max(300), Source(1, 2).Max(200)});
  EXPECT_EQ(Closed(), 200);
  EXPECT_EQ(Unchangeable(), 200);
}

TEST_F(WindowCloserTest, WhatIsNotClosedCanChange) {
  Hear({Source(0, 2).Max(100)});
  EXPECT_EQ(Unchangeable(), -1);
}

TEST_F(WindowCloserTest, ThePastBeyondTheHorizonIsUnchangeable) {
  Hear({Source(0, 2).Max(2000), Source(1, 2).Max(50).IdleFor(30)});
  EXPECT_EQ(Closed(), 2000);
  EXPECT_EQ(Unchangeable(), 1000);
  // A source that has no record at all holds no longer than that.
  Start(Policy(AllIdle::kWallClock, 30));
  Hear({Source(0, 2).Max(2000), Source(1, 2).IdleFor(30)});
  EXPECT_EQ(Unchangeable(), 1000);
}

TEST_F(WindowCloserTest, WhatWasUnchangeableStaysSoWhenPartitionsAreAdded) {
  Hear({Source(0, 1).Max(5000)});
  EXPECT_EQ(Unchangeable(), 5000);
  Hear({Source(0, 2).Max(5000)});
  EXPECT_EQ(Unchangeable(), 5000);
  Hear({Source(1, 2).Max(10)});
  EXPECT_EQ(Unchangeable(), 5000);
}

TEST_F(WindowCloserTest, GapsAndOverlapsAreCounted) {
  Hear({Source(0, 1).Offsets(5, 10)});
  EXPECT_EQ(closer_->discontinuities(), 0u) << "the log may begin anywhere";
  Hear({Source(0, 1).Offsets(10, 10)});
  Hear({Source(0, 1).Offsets(10, 12)});
  EXPECT_EQ(closer_->discontinuities(), 0u);
  Hear({Source(0, 1).Offsets(13, 14)});
  EXPECT_EQ(closer_->discontinuities(), 1u);
  Hear({Source(0, 1).Offsets(13, 15)});
  EXPECT_EQ(closer_->discontinuities(), 2u);
  Hear({Source(0, 2).Offsets(15, 16), Source(1, 2).Offsets(0, 3)});
  Hear({Source(1, 2).Offsets(3, 4), Source(0, 2).Offsets(16, 16)});
  EXPECT_EQ(closer_->discontinuities(), 2u);
}

// Sources of random behaviour: whatever they do, the rules that hold always hold.
class RandomSources {
 public:
  RandomSources(std::mt19937_64* random, int partitions) : random_(*random) { Grow(partitions); }

  // The next position of a source, after some records, waiting or a drain.
  SourcePosition Next() {
    if (Uniform(40) == 0) Grow(static_cast<int>(sources_.size()) + 1);
    SourcePosition& source = sources_[Uniform(static_cast<int64_t>(sources_.size()))];
    source.partitions = static_cast<int>(sources_.size());
    source.base_offset = source.end_offset;
    switch (Uniform(4)) {
      case 0:
        source.idle_for += Uniform(40) * kSecond;
        break;
      case 1:
        source.drain_generation += Uniform(10) == 0 ? 1 : 0;
        break;
      default:
        source.idle_for = 0;
        source.end_offset += 1 + Uniform(5);
        source.max_event_time = std::max(source.max_event_time, (Uniform(100) + now_) * kSecond);
        source.watermark = std::max(source.watermark, source.max_event_time - 20 * kSecond);
        now_ += Uniform(20);
        latest_ = std::max(latest_, source.max_event_time);
    }
    return source;
  }

  EventTime latest() const { return latest_; }

 private:
  int64_t Uniform(int64_t below) { return static_cast<int64_t>(random_() % below); }
  void Grow(int partitions) {
    for (int i = static_cast<int>(sources_.size()); i < partitions; ++i) {
      sources_.emplace_back();
      sources_.back().partition = i;
    }
  }

  std::mt19937_64& random_;
  std::vector<SourcePosition> sources_;
  EventTime latest_ = kNever;
  int64_t now_ = -1000;
};

TEST_F(WindowCloserTest, NeverFallsNeverPassesTheEndAndSurvivesARestore) {
  for (int seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937_64 random(seed);
    Start(Policy(static_cast<AllIdle>(seed % 3), 30, 10 + seed % 50));
    RandomSources sources(&random, 1 + seed % 4);
    EventTime closed = kNever;
    EventTime unchangeable = kNever;
    for (int i = 0; i < 200; ++i) {
      closer_->Update(sources.Next());
      closer_->Advance();
      ASSERT_GE(closer_->closed_through(), closed);
      ASSERT_GE(closer_->unchangeable_through(), unchangeable);
      closed = closer_->closed_through();
      unchangeable = closer_->unchangeable_through();
      ASSERT_LE(unchangeable, closed);
      if (closed == kNever) continue;
      const WindowSpec& window = plan_->views[0].window.value();
      ASSERT_LE(closed, window.LastWindowEnd(window.PaneOf(sources.latest())));
      ASSERT_GE(unchangeable, closed - plan_->correction_horizon);
      if (random() % 8 != 0) continue;
      std::vector<SourcePosition> heard;
      for (const auto& source : closer_->sources()) {
        if (source.has_value()) heard.push_back(*source);
      }
      auto restored = std::make_unique<WindowCloser>(plan_.get());
      restored->Restore(heard, closed, unchangeable, closer_->drain_generation(),
                        closer_->discontinuities());
      ASSERT_EQ(restored->closed_through(), closed);
      ASSERT_EQ(restored->unchangeable_through(), unchangeable);
      ASSERT_EQ(restored->drain_generation(), closer_->drain_generation());
      ASSERT_EQ(restored->sources().size(), closer_->sources().size());
      closer_ = std::move(restored);
    }
    ASSERT_EQ(closer_->discontinuities(), 0u);
  }
}

// Positions may come in any order from owners of which some know a change already.
TEST_F(WindowCloserTest, GoesByThePolicyOfTheHighestGeneration) {
  Start(Policy(AllIdle::kWait, 30));
  const IdlePolicy closing = Policy(AllIdle::kCloseAfter, 30, 5);
  Hear({Source(0, 2).Max(12).IdleFor(40), Source(1, 2).Max(3).IdleFor(40)});
  EXPECT_EQ(Closed(), -1);
  Hear({Source(0, 2).Max(12).IdleFor(40).Policy(4, closing)});
  EXPECT_EQ(Closed(), 20);
  EXPECT_EQ(closer_->idle_policy(), closing);
  // One that does not know it yet changes nothing.
  Hear({Source(1, 2).Max(21).IdleFor(6).Policy(3)});
  EXPECT_EQ(closer_->idle_policy(), closing);
  EXPECT_EQ(Closed(), 30);
  // Back to what is declared.
  Hear({Source(1, 2).Max(41).IdleFor(40).Policy(7)});
  EXPECT_EQ(closer_->idle_policy(), Policy(AllIdle::kWait, 30));
  EXPECT_EQ(Closed(), 30);
  Hear({Source(0, 2).Max(12).IdleFor(40).Policy(4, closing)});
  EXPECT_EQ(Closed(), 30) << "the older one is of no effect any more";
}

TEST_F(WindowCloserTest, ARestoredOneGoesByTheSamePolicy) {
  Start(Policy(AllIdle::kWait, 30));
  const IdlePolicy closing = Policy(AllIdle::kCloseAfter, 30, 5);
  Hear({Source(0, 3).Max(12).Policy(4, closing), Source(1, 3).Max(3).Policy(6),
        Source(2, 3).Max(9).Policy(5, closing)});
  std::vector<SourcePosition> sources;
  for (const auto& source : closer_->sources()) sources.push_back(*source);
  WindowCloser restored(plan_.get());
  restored.Restore(sources, closer_->closed_through(), closer_->unchangeable_through(), 0, 0);
  EXPECT_EQ(restored.idle_policy(), Policy(AllIdle::kWait, 30));
  EXPECT_EQ(restored.idle_policy(), closer_->idle_policy());
  sources[1].plan_generation = 2;
  WindowCloser other(plan_.get());
  other.Restore(sources, kNever, kNever, 0, 0);
  EXPECT_EQ(other.idle_policy(), closing);
}

}  // namespace
}  // namespace windrow::aggregator
