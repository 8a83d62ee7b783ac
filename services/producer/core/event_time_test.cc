#include "services/producer/core/event_time.h"

#include <gtest/gtest.h>

namespace windrow::producer {
namespace {

constexpr int64_t kSecond = 1'000'000;
// 2018-12-31T23:57:00Z
constexpr int64_t kTime = 1546300620 * kSecond;

TEST(ParseEventTimeTest, ReadsTheFormsOfIso8601) {
  EXPECT_EQ(ParseEventTime("2018-12-31T23:57:00.000"), kTime);
  EXPECT_EQ(ParseEventTime("2018-12-31T23:57:00Z"), kTime);
  EXPECT_EQ(ParseEventTime("2018-12-31 23:57"), kTime);
  EXPECT_EQ(ParseEventTime("2018-12-31T23:57:01.5"), kTime + 1'500'000);
  EXPECT_EQ(ParseEventTime("2018-12-31T23:57:00.1234567"), kTime + 123'456);
  EXPECT_EQ(ParseEventTime("2019-01-01T00:57:00+01:00"), kTime);
  EXPECT_EQ(ParseEventTime("2018-12-31T15:57:00-0800"), kTime);
  EXPECT_EQ(ParseEventTime("2019-01-01T00:57+01"), kTime);
  EXPECT_EQ(ParseEventTime("1969-12-31T23:59:59.000"), -kSecond);
  EXPECT_EQ(ParseEventTime("2016-02-29T00:00:00.000"), 1456704000 * kSecond);
}

TEST(ParseEventTimeTest, RefusesEverythingElse) {
  for (const char* text : {"",
                           "unknown",
                           "2018-12-31",
                           "2018-12-31T",
                           "2018-12-31T23",
                           "2018-13-01T00:00:00.000",
                           "2018-02-29T00:00:00.000",
                           "2018-04-31T00:00",
                           "2018-00-10T00:00",
                           "2018-12-00T00:00",
                           "2018-12-31T24:00:00",
                           "2018-12-31T23:60:00",
                           "2018-12-31T23:57:60",
                           "2018-12-31T23:57:00.",
                           "2018-12-31T23:57:00x",
                           "2018-12-31T23:57:00.000Zx",
                           "2018-12-31T23:57:00+1",
                           "2018-12-31T23:57:00+24:00",
                           "2018-12-31T23:57:00+01:",
                           " 2018-12-31T23:57:00",
                           "18-12-31T23:57:00",
                           "2018/12/31 23:57:00",
                           "2018-12-31x23:57:00",
                           "1546300620"}) {
    EXPECT_EQ(ParseEventTime(text), std::nullopt) << text;
  }
}

TEST(CivilTest, GoesThereAndBack) {
  EXPECT_EQ(DaysFromCivil(1970, 1, 1), 0);
  EXPECT_EQ(DaysFromCivil(2000, 3, 1), 11017);
  EXPECT_EQ(DaysFromCivil(1969, 12, 31), -1);
  int64_t last = DaysFromCivil(1899, 12, 31);
  for (int64_t days = last + 1; days < 80000; ++days) {
    int64_t year;
    int month, day;
    CivilFromDays(days, &year, &month, &day);
    ASSERT_TRUE(month >= 1 && month <= 12 && day >= 1 && day <= 31) << days;
    ASSERT_EQ(DaysFromCivil(year, month, day), days);
  }
}

}  // namespace
}  // namespace windrow::producer
