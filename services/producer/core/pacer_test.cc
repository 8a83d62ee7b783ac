#include "services/producer/core/pacer.h"

#include <gtest/gtest.h>

namespace windrow::producer {
namespace {

constexpr absl::Duration kOrigin = absl::Hours(7);
constexpr int64_t kMinuteUs = 60'000'000;
constexpr std::optional<int64_t> kNoTime = std::nullopt;

Pace Rate(double value) { return {Pace::Kind::kRecordsPerSecond, value}; }
Pace Speedup(double value) { return {Pace::Kind::kSpeedup, value}; }

// How many records without a time go from `from` to `to`, asked for every `step`.
int Send(Pacer* pacer, absl::Duration from, absl::Duration to, absl::Duration step) {
  int sent = 0;
  for (absl::Duration now = from; now < to; now += step) {
    while (pacer->Delay(now, kNoTime) == absl::ZeroDuration()) {
      pacer->Sent(now, kNoTime);
      if (++sent == 1'000'000) return sent;
    }
  }
  return sent;
}

TEST(PacerTest, UnlimitedNeverWaits) {
  Pacer pacer(Pace(), kOrigin);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(pacer.Delay(kOrigin, i * kMinuteUs), absl::ZeroDuration());
    pacer.Sent(kOrigin, i * kMinuteUs);
  }
}

TEST(PacerTest, RateSpacesRecordsEvenly) {
  Pacer pacer(Rate(4), kOrigin);
  EXPECT_EQ(pacer.Delay(kOrigin, kNoTime), absl::ZeroDuration());
  pacer.Sent(kOrigin, kNoTime);
  EXPECT_EQ(pacer.Delay(kOrigin, kNoTime), absl::Milliseconds(250));
  EXPECT_EQ(pacer.Delay(kOrigin + absl::Milliseconds(200), kNoTime), absl::Milliseconds(50));
  EXPECT_EQ(pacer.Delay(kOrigin + absl::Milliseconds(250), kNoTime), absl::ZeroDuration());
}

TEST(PacerTest, RateHoldsOverCoarseWaits) {
  Pacer pacer(Rate(20'000), kOrigin);
  const int sent = Send(&pacer, kOrigin, kOrigin + absl::Seconds(10), absl::Microseconds(1300));
  EXPECT_NEAR(sent, 200'000, 30);
}

TEST(PacerTest, FractionalRatesDoNotDrift) {
  Pacer pacer(Rate(0.3), kOrigin);
  EXPECT_EQ(Send(&pacer, kOrigin, kOrigin + absl::Seconds(100), absl::Milliseconds(10)), 30);
}

TEST(PacerTest, CatchUpIsBounded) {
  Pacer pacer(Rate(1000), kOrigin);
  pacer.Sent(kOrigin, kNoTime);
  // Held up for a minute: no 60,000 records at once.
  const absl::Duration now = kOrigin + absl::Minutes(1);
  const int sent = Send(&pacer, now, now + absl::Nanoseconds(1), absl::Seconds(1));
  EXPECT_GT(sent, 190);
  EXPECT_LT(sent, 210);
}

TEST(PacerTest, FasterPaceTakesEffectAtOnce) {
  Pacer pacer(Rate(0.01), kOrigin);
  pacer.Sent(kOrigin, kNoTime);
  const absl::Duration now = kOrigin + absl::Seconds(10);
  ASSERT_EQ(pacer.Delay(now, kNoTime), absl::Seconds(90));
  pacer.SetPace(Rate(10), now);
  EXPECT_EQ(Send(&pacer, now, now + absl::Seconds(1), absl::Milliseconds(1)), 10);
}

TEST(PacerTest, SlowerPaceTakesEffectWithoutBurst) {
  Pacer pacer(Rate(1000), kOrigin);
  Send(&pacer, kOrigin, kOrigin + absl::Seconds(1), absl::Milliseconds(1));
  const absl::Duration now = kOrigin + absl::Seconds(1);
  pacer.SetPace(Rate(2), now);
  EXPECT_LE(Send(&pacer, now, now + absl::Seconds(2), absl::Milliseconds(1)), 4);
}

TEST(PacerTest, ChangingThePaceAgainAndAgainLetsNothingThrough) {
  Pacer pacer(Rate(1), kOrigin);
  int sent = 0;
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = kOrigin + absl::Milliseconds(10) * i;
    pacer.SetPace(Rate(i % 2 == 0 ? 1 : 1.01), now);
    sent += Send(&pacer, now, now + absl::Nanoseconds(1), absl::Seconds(1));
  }
  EXPECT_LE(sent, 11);
}

TEST(PacerTest, SpeedupFollowsEventTimes) {
  Pacer pacer(Speedup(60), kOrigin);
  const int64_t first = 1546300620 * int64_t{1'000'000};
  ASSERT_EQ(pacer.Delay(kOrigin, first), absl::ZeroDuration());
  pacer.Sent(kOrigin, first);
  EXPECT_EQ(pacer.Delay(kOrigin, first), absl::ZeroDuration());
  EXPECT_EQ(pacer.Delay(kOrigin, first + kMinuteUs), absl::Seconds(1));
  EXPECT_EQ(pacer.Delay(kOrigin + absl::Milliseconds(900), first + 2 * kMinuteUs),
            absl::Milliseconds(1100));
  EXPECT_EQ(pacer.Delay(kOrigin + absl::Seconds(2), first + 2 * kMinuteUs), absl::ZeroDuration());
}

TEST(PacerTest, SpeedupNeverWaitsForDisorderOrNoTime) {
  Pacer pacer(Speedup(1), kOrigin);
  pacer.Sent(kOrigin, 100 * kMinuteUs);
  EXPECT_EQ(pacer.Delay(kOrigin, 3 * kMinuteUs), absl::ZeroDuration());
  pacer.Sent(kOrigin, 3 * kMinuteUs);
  EXPECT_EQ(pacer.Delay(kOrigin, kNoTime), absl::ZeroDuration());
  pacer.Sent(kOrigin, kNoTime);
  // The record moved back did not move the clock of the replay.
  EXPECT_EQ(pacer.Delay(kOrigin, 101 * kMinuteUs), absl::Minutes(1));
}

TEST(PacerTest, SpeedupBeginsAtTheFirstRecordWithATime) {
  Pacer pacer(Speedup(60), kOrigin);
  pacer.Sent(kOrigin, kNoTime);
  const absl::Duration now = kOrigin + absl::Minutes(5);
  ASSERT_EQ(pacer.Delay(now, 1000 * kMinuteUs), absl::ZeroDuration());
  pacer.Sent(now, 1000 * kMinuteUs);
  EXPECT_EQ(pacer.Delay(now, 1001 * kMinuteUs), absl::Seconds(1));
}

TEST(PacerTest, SpeedupChangesFromWhereItIs) {
  Pacer pacer(Speedup(60), kOrigin);
  pacer.Sent(kOrigin, 0);
  const absl::Duration now = kOrigin + absl::Seconds(10);
  pacer.Sent(now, 10 * kMinuteUs);
  pacer.SetPace(Speedup(6), now);
  EXPECT_EQ(pacer.Delay(now, 11 * kMinuteUs), absl::Seconds(10));
}

TEST(PacerTest, SpeedupCatchesUpALittleOnly) {
  Pacer pacer(Speedup(60), kOrigin);
  pacer.Sent(kOrigin, 0);
  // Held up for a minute, which is an hour of event time.
  const absl::Duration now = kOrigin + absl::Minutes(1);
  pacer.Sent(now, kMinuteUs);
  EXPECT_EQ(pacer.Delay(now, 2 * kMinuteUs), absl::Seconds(1) - Pacer::kMaxCatchUp);
}

TEST(PacerTest, PauseIsNotMadeUpFor) {
  Pacer speedup(Speedup(60), kOrigin);
  speedup.Sent(kOrigin, 0);
  const absl::Duration later = kOrigin + absl::Hours(1);
  speedup.Resume(later);
  EXPECT_EQ(speedup.Delay(later, kMinuteUs), absl::Seconds(1));

  Pacer rate(Rate(100), kOrigin);
  rate.Sent(kOrigin, kNoTime);
  rate.Resume(later);
  EXPECT_EQ(Send(&rate, later, later + absl::Seconds(1), absl::Milliseconds(1)), 100);
}

}  // namespace
}  // namespace windrow::producer
