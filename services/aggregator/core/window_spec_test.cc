#include "services/aggregator/core/window_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr EventSpan kSecond = kMicrosPerSecond;
constexpr EventSpan kMinute = kMicrosPerMinute;
constexpr EventSpan kMillisecond = kMicrosPerSecond / 1000;

WindowSpec Spec(EventSpan size, EventSpan slide, EventSpan offset = 0) {
  return WindowSpec::Create(size, slide, offset).value();
}

// The starts of all windows that contain `time`, by trying one after the other.
std::vector<EventTime> WindowsOf(const WindowSpec& spec, EventSpan offset, EventTime time) {
  std::vector<EventTime> starts;
  EventTime start = (time / spec.slide() + 2) * spec.slide() + offset;
  while (start > time) start -= spec.slide();
  for (; start + spec.size() > time; start -= spec.slide()) starts.insert(starts.begin(), start);
  return starts;
}

// The same from the pane.
std::vector<EventTime> WindowsOfPane(const WindowSpec& spec, int64_t pane) {
  std::vector<EventTime> starts;
  for (EventTime start = spec.FirstWindowStart(pane); start <= spec.LastWindowStart(pane);
       start += spec.slide()) {
    starts.push_back(start);
  }
  return starts;
}

TEST(FloorDivideTest, RoundsDown) {
  EXPECT_EQ(FloorDivide(7, 5), 1);
  EXPECT_EQ(FloorDivide(5, 5), 1);
  EXPECT_EQ(FloorDivide(4, 5), 0);
  EXPECT_EQ(FloorDivide(0, 5), 0);
  EXPECT_EQ(FloorDivide(-1, 5), -1);
  EXPECT_EQ(FloorDivide(-5, 5), -1);
  EXPECT_EQ(FloorDivide(-6, 5), -2);
}

TEST(WindowSpecTest, AcceptsTheLimits) {
  struct {
    EventSpan size, slide, offset, pane_length;
    int64_t panes;
  } const kCases[] = {
      {kSecond, kSecond, 0, kSecond, 1},
      {10 * kMinute, 5 * kMinute, 0, 5 * kMinute, 2},
      {10 * kMinute, 4 * kMinute, 3 * kMinute, 2 * kMinute, 5},
      {7 * kSecond, 3 * kSecond, 2999 * kMillisecond, kSecond, 7},
      {1500 * kMillisecond, 1500 * kMillisecond, kMillisecond, 1500 * kMillisecond, 1},
      {kMicrosPerDay, kMinute, 59 * kSecond, kMinute, 1440},
      {1440 * kSecond, kSecond, 0, kSecond, 1440},
      {400 * kMicrosPerDay, 400 * kMicrosPerDay, 399 * kMicrosPerDay, 400 * kMicrosPerDay, 1},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(c.size, " ", c.slide, " ", c.offset));
    const absl::StatusOr<WindowSpec> spec = WindowSpec::Create(c.size, c.slide, c.offset);
    ASSERT_TRUE(spec.ok()) << spec.status();
    EXPECT_EQ(spec->size(), c.size);
    EXPECT_EQ(spec->slide(), c.slide);
    EXPECT_EQ(spec->pane_length(), c.pane_length);
    EXPECT_EQ(spec->panes_per_window(), c.panes);
  }
}

TEST(WindowSpecTest, RefusesWhatIsBeyondTheLimits) {
  struct {
    EventSpan size, slide, offset;
    const char* reason;
  } const kCases[] = {
      {0, kSecond, 0, "size must be"},
      {-kMinute, kMinute, 0, "size must be"},
      {kSecond - kMillisecond, kSecond - kMillisecond, 0, "size must be"},
      {400 * kMicrosPerDay + kMillisecond, kMicrosPerDay, 0, "size must be"},
      {kMinute, 0, 0, "slide must be"},
      {kMinute, -kSecond, 0, "slide must be"},
      {kMinute, kMinute + kMillisecond, 0, "slide must be"},
      {kMinute, kMinute, -kMillisecond, "offset must be"},
      {kMinute, 30 * kSecond, 30 * kSecond, "offset must be"},
      {kMinute + 1, kMinute + 1, 0, "whole milliseconds"},
      {kMinute, kSecond + 1, 0, "whole milliseconds"},
      {kMinute, kMinute, 1, "whole milliseconds"},
      {kMinute, 1001 * kMillisecond, 0, "divisor"},
      {kMinute, 500 * kMillisecond, 0, "divisor"},
      {1441 * kSecond, kSecond, 0, "divisor"},
      {kMicrosPerDay, 50 * kSecond, 0, "divisor"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(c.size, " ", c.slide, " ", c.offset));
    const absl::StatusOr<WindowSpec> spec = WindowSpec::Create(c.size, c.slide, c.offset);
    EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(spec.status().message()), HasSubstr(c.reason));
  }
}

TEST(WindowSpecTest, WindowsAreHalfOpen) {
  const WindowSpec spec = Spec(10 * kMinute, 5 * kMinute);
  EXPECT_EQ(spec.PaneOf(5 * kMinute - 1), 0);
  EXPECT_EQ(spec.PaneOf(5 * kMinute), 1);
  EXPECT_THAT(WindowsOfPane(spec, 0), ElementsAre(-5 * kMinute, 0));
  EXPECT_THAT(WindowsOfPane(spec, 1), ElementsAre(0, 5 * kMinute));
  EXPECT_EQ(spec.FirstWindowEnd(1), 10 * kMinute);
  EXPECT_EQ(spec.LastWindowEnd(1), 15 * kMinute);
}

TEST(WindowSpecTest, TimesBefore1970FallIntoTheWindowBelow) {
  const WindowSpec spec = Spec(10 * kMinute, 5 * kMinute, kMinute);
  EXPECT_EQ(spec.PaneStart(spec.PaneOf(kMinute)), kMinute);
  EXPECT_EQ(spec.PaneStart(spec.PaneOf(kMinute - 1)), -4 * kMinute);
  EXPECT_EQ(spec.PaneStart(spec.PaneOf(-4 * kMinute)), -4 * kMinute);
  EXPECT_EQ(spec.PaneStart(spec.PaneOf(-4 * kMinute - 1)), -9 * kMinute);
  EXPECT_THAT(WindowsOfPane(spec, spec.PaneOf(-1)), ElementsAre(-9 * kMinute, -4 * kMinute));
}

TEST(WindowSpecTest, SlideNeedNotDivideSize) {
  // Windows [0,7) [3,10) [6,13): second 6 lies in three, second 5 in two.
  const WindowSpec spec = Spec(7 * kSecond, 3 * kSecond);
  EXPECT_THAT(WindowsOfPane(spec, 6), ElementsAre(0, 3 * kSecond, 6 * kSecond));
  EXPECT_THAT(WindowsOfPane(spec, 5), ElementsAre(0, 3 * kSecond));
}

TEST(WindowSpecTest, CutIsTheEndOfTheLastWindowPassed) {
  const WindowSpec spec = Spec(15 * kMinute, 5 * kMinute);
  // Pane [10,15) lies in the windows that end at 15, 20 and 25.
  const int64_t pane = spec.PaneOf(10 * kMinute);
  EXPECT_EQ(spec.CutOf(pane, kNever), kNever);
  EXPECT_EQ(spec.CutOf(pane, -kMicrosPerDay), kNever);
  EXPECT_EQ(spec.CutOf(pane, 15 * kMinute - 1), kNever);
  EXPECT_EQ(spec.CutOf(pane, 15 * kMinute), 15 * kMinute);
  EXPECT_EQ(spec.CutOf(pane, 20 * kMinute - 1), 15 * kMinute);
  EXPECT_EQ(spec.CutOf(pane, 20 * kMinute), 20 * kMinute);
  EXPECT_EQ(spec.CutOf(pane, 25 * kMinute), 25 * kMinute);
  EXPECT_EQ(spec.CutOf(pane, 1000 * kMicrosPerDay), 25 * kMinute);
}

TEST(WindowSpecTest, AWindowOf1440PanesHoldsEachOfThem) {
  const WindowSpec spec = Spec(kMicrosPerDay, kMinute, 7 * kSecond);
  const int64_t pane = spec.PaneOf(-3 * kMicrosPerDay);
  EXPECT_EQ(WindowsOfPane(spec, pane).size(), 1440u);
  EXPECT_EQ(spec.LastWindowEnd(pane) - spec.FirstWindowEnd(pane), 1439 * kMinute);
  const EventTime start = spec.LastWindowStart(pane);
  EXPECT_EQ(spec.FirstPane(start), pane);
  EXPECT_THAT(WindowsOfPane(spec, pane + 1439), testing::Contains(start));
  EXPECT_THAT(WindowsOfPane(spec, pane + 1440), Not(testing::Contains(start)));
}

TEST(WindowSpecTest, AgreesWithTryingEveryWindow) {
  std::mt19937_64 random(1);
  const auto uniform = [&](int64_t below) { return static_cast<int64_t>(random() % below); };
  for (int i = 0; i < 300; ++i) {
    const EventSpan pane_length = (1000 + uniform(2000)) * kMillisecond;
    const EventSpan size = pane_length * (1 + uniform(30));
    const EventSpan slide = pane_length * (1 + uniform(size / pane_length));
    const EventSpan offset = uniform(slide / kMillisecond) * kMillisecond;
    const WindowSpec spec = Spec(size, slide, offset);
    SCOPED_TRACE(absl::StrCat("size ", size, " slide ", slide, " offset ", offset));
    for (int j = 0; j < 30; ++j) {
      EventTime time = uniform(200 * size) - 100 * size;
      // Half of the times lie on a border of a window or just before one.
      if (j % 2 == 0) time = WindowsOf(spec, offset, time).front() + size * (j % 3) / 2 - j % 4 / 2;
      SCOPED_TRACE(absl::StrCat("time ", time));
      const std::vector<EventTime> windows = WindowsOf(spec, offset, time);
      const int64_t pane = spec.PaneOf(time);
      EXPECT_LE(spec.PaneStart(pane), time);
      EXPECT_LT(time, spec.PaneStart(pane) + spec.pane_length());
      ASSERT_EQ(WindowsOfPane(spec, pane), windows);
      EXPECT_EQ(spec.FirstWindowEnd(pane), windows.front() + size);
      EXPECT_EQ(spec.LastWindowEnd(pane), windows.back() + size);
      for (const EventTime start : windows) {
        EXPECT_EQ(spec.PaneStart(spec.FirstPane(start)), start);
        EXPECT_LE(spec.FirstPane(start), pane);
        EXPECT_LT(pane, spec.FirstPane(start) + spec.panes_per_window());
      }
      const EventTime watermark = time + uniform(3 * size) - size;
      EventTime cut = kNever;
      for (const EventTime start : windows) {
        if (start + size <= watermark) cut = start + size;
      }
      EXPECT_EQ(spec.CutOf(pane, watermark), cut) << "watermark " << watermark;
    }
  }
}

}  // namespace
}  // namespace windrow::aggregator
