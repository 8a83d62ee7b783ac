#include "services/aggregator/core/time_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace windrow::aggregator {
namespace {

using ::testing::HasSubstr;

// The time as ISO 8601, with its offset in seconds where the text has one; empty when the text is
// not of the pattern's form.
std::string Read(const std::string& pattern, absl::string_view text) {
  const absl::StatusOr<TimePattern> parsed = TimePattern::Parse(pattern);
  EXPECT_TRUE(parsed.ok()) << pattern << ": " << parsed.status();
  if (!parsed.ok()) return "bad pattern";
  const absl::optional<TimePattern::Reading> reading = parsed->Read(text);
  if (!reading.has_value()) return "";
  std::string read = absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*S", absl::FromUnixMicros(reading->local),
                                      absl::UTCTimeZone());
  if (reading->offset.has_value()) {
    absl::StrAppend(&read, " ", *reading->offset / kMicrosPerSecond);
  }
  return read;
}

TEST(TimePatternTest, ReadsWhatTheDirectivesSay) {
  struct {
    const char* pattern;
    const char* text;
    const char* time;
  } const kCases[] = {
      {"%m/%d/%Y %I:%M:%S %p", "12/31/2018 11:57:00 PM", "2018-12-31T23:57:00"},
      {"%m/%d/%Y %I:%M:%S %p", "1/2/2018 1:5:9 am", "2018-01-02T01:05:09"},
      {"%m/%d/%Y %I:%M %p", "01/02/2018 12:00 AM", "2018-01-02T00:00:00"},
      {"%m/%d/%Y %I:%M %p", "01/02/2018 12:00 PM", "2018-01-02T12:00:00"},
      {"%p %I %Y%m%d", "PM 1 20180102", "2018-01-02T13:00:00"},
      {"%Y-%m-%dT%H:%M:%E*S", "2018-12-31T23:57:00", "2018-12-31T23:57:00"},
      {"%Y-%m-%dT%H:%M:%E*S", "2018-12-31T23:57:00.5", "2018-12-31T23:57:00.5"},
      {"%Y-%m-%dT%H:%M:%E*S", "2018-12-31T23:57:00.1234569999999999999",
       "2018-12-31T23:57:00.123456"},
      {"%F %T", "2018-12-31 23:57:01", "2018-12-31T23:57:01"},
      {"%D %R", "12/31/18 23:57", "2018-12-31T23:57:00"},
      {"%y-%j %H", "69-365 7", "1969-12-31T07:00:00"},
      {"%Y%m%d%H%M%S", "20181231235701", "2018-12-31T23:57:01"},
      {"%Y%j%H", "201636600", "2016-12-31T00:00:00"},
      {"%Y.%j %H", "2018.1 00", "2018-01-01T00:00:00"},
      {"%a %b %e %H:%M:%S %Y", "Mon Dec 31 23:57:00 2018", "2018-12-31T23:57:00"},
      {"%a %b %e %H:%M:%S %Y", "Mon Dec  1 23:57:00 2018", "2018-12-01T23:57:00"},
      {"%A, %d %B %Y %H", "wednesday, 29 FEBRUARY 2012 04", "2012-02-29T04:00:00"},
      // The long names too where the short ones are asked for, and the other way round.
      {"%a %b %d %Y %H", "Thursday May 3 2018 04", "2018-05-03T04:00:00"},
      {"%A %B %d %Y %H", "Thu sep 3 2018 04", "2018-09-03T04:00:00"},
      // A day of the week is not compared.
      {"%a %F %R", "Fri 2018-12-31 23:57", "2018-12-31T23:57:00"},
      {"%d/%b/%Y:%H:%M:%S %z", "31/Dec/2018:23:57:00 -0800", "2018-12-31T23:57:00 -28800"},
      {"%F %T%z", "2018-12-31 23:57:01+0545", "2018-12-31T23:57:01 20700"},
      {"%F %T%Ez", "2018-12-31 23:57:01-00:30", "2018-12-31T23:57:01 -1800"},
      {"%F %T%Ez", "2018-12-31 23:57:01Z", "2018-12-31T23:57:01 0"},
      {"%Ez%F%R", "Z2018-12-3123:57", "2018-12-31T23:57:00 0"},
      {"[%F] 100%% at %R", "[2018-12-31] 100% at 23:57", "2018-12-31T23:57:00"},
      {"%F klo %H.%M ä", "2018-12-31 klo 23.57 ä", "2018-12-31T23:57:00"},
      // The two digits of a year.
      {"%y%m%d %H", "000101 00", "2000-01-01T00:00:00"},
      {"%y%m%d %H", "680101 00", "2068-01-01T00:00:00"},
      {"%y%m%d %H", "690101 00", "1969-01-01T00:00:00"},
      {"%y%m%d %H", "990101 00", "1999-01-01T00:00:00"},
      // Bounds.
      {"%F %T", "0001-01-01 00:00:00", "0001-01-01T00:00:00"},
      {"%F %T", "9999-12-31 23:59:59", "9999-12-31T23:59:59"},
      {"%F %T", "2000-02-29 00:00:00", "2000-02-29T00:00:00"},
      {"%F %T", "1969-12-31 23:59:59", "1969-12-31T23:59:59"},
      // A digit that can only lead beyond the range belongs to what follows.
      {"%Y%m%d%H", "2018945", "2018-09-04T05:00:00"},
  };
  for (const auto& c : kCases) EXPECT_EQ(Read(c.pattern, c.text), c.time) << c.pattern << c.text;
}

TEST(TimePatternTest, RefusesWhatIsNotOfTheForm) {
  const std::pair<const char*, const char*> kCases[] = {
      {"%F %T", ""},
      {"%F %T", "2018-12-31"},
      {"%F %T", "2018-12-31 "},
      {"%F %T", "2018-12-31 23:57"},
      {"%F %T", " 2018-12-31 23:57:00"},
      {"%F %T", "2018-12-31 23:57:00 "},
      {"%F %T", "2018-12-31  23:57:00"},
      {"%F %T", "2018-12-31\t23:57:00"},
      {"%F %T", "2018-12-31T23:57:00"},
      {"%F %T", "2018-12-31 23:57:00Z"},
      {"%F %T", "2018-12-31 23:57:00.5"},
      {"%F %T", "infinite-future"},
      {"%F %T", "infinite-past"},
      // Years of other than four digits, and before the first.
      {"%F %T", "18-12-31 23:57:00"},
      {"%F %T", "12018-12-31 23:57:00"},
      {"%F %T", "-018-12-31 23:57:00"},
      {"%F %T", "+2018-12-31 23:57:00"},
      {"%F %T", "0000-12-31 23:57:00"},
      // Dates and times that there are not.
      {"%F %T", "2018-00-31 23:57:00"},
      {"%F %T", "2018-13-31 23:57:00"},
      {"%F %T", "2018-12-00 23:57:00"},
      {"%F %T", "2018-12-32 23:57:00"},
      {"%F %T", "2018-02-29 23:57:00"},
      {"%F %T", "1900-02-29 23:57:00"},
      {"%F %T", "2018-04-31 23:57:00"},
      {"%F %T", "2018-12-31 24:00:00"},
      {"%F %T", "2018-12-31 23:60:00"},
      {"%F %T", "2018-12-31 23:59:60"},
      {"%F %H:%M:%E*S", "2016-12-31 23:59:60"},
      {"%F %H:%M:%E*S", "2016-12-31 23:59:60.5"},
      {"%F %H:%M:%E*S", "2016-12-31 23:59:59."},
      {"%F %H:%M:%E*S", "2016-12-31 23:59:59,5"},
      {"%F %H:%M:%E*S", "2016-12-31 23:59:59.5.5"},
      {"%Y-%j %H", "2018-366 00"},
      {"%Y-%j %H", "2018-000 00"},
      {"%Y-%j %H", "2016-367 00"},
      {"%F %I %p", "2018-12-31 0 AM"},
      {"%F %I %p", "2018-12-31 13 PM"},
      {"%F %I %p", "2018-12-31 1 XM"},
      {"%F %I %p", "2018-12-31 1 P"},
      {"%F %I %p", "2018-12-31 1 P.M."},
      {"%b %e %Y %H", "Dec  0 2018 00"},
      {"%b %e %Y %H", "Dec  11 2018 00"},
      {"%b %e %Y %H", "Dec   1 2018 00"},
      {"%b %d %Y %H", "Dec  1 2018 00"},
      {"%b %d %Y %H", "De 1 2018 00"},
      {"%b %d %Y %H", "Sept 1 2018 00"},
      {"%b %d %Y %H", "Mai 1 2018 00"},
      {"%b %d %Y %H", "12 1 2018 00"},
      {"%a %F %H", "Mo 2018-12-31 00"},
      // Offsets.
      {"%F %T %z", "2018-12-31 23:57:00"},
      {"%F %T %z", "2018-12-31 23:57:00 "},
      {"%F %T %z", "2018-12-31 23:57:00 Z"},
      {"%F %T %z", "2018-12-31 23:57:00 0800"},
      {"%F %T %z", "2018-12-31 23:57:00 +08:00"},
      {"%F %T %z", "2018-12-31 23:57:00 +08"},
      {"%F %T %z", "2018-12-31 23:57:00 +2400"},
      {"%F %T %z", "2018-12-31 23:57:00 +0860"},
      {"%F %T %z", "2018-12-31 23:57:00 +08000"},
      {"%F %T %Ez", "2018-12-31 23:57:00 +0800"},
      {"%F %T %Ez", "2018-12-31 23:57:00 z"},
      {"%F %T %Ez", "2018-12-31 23:57:00 +8:00"},
      {"%F %T %Ez", "2018-12-31 23:57:00 -08:00Z"},
      // Other characters stand for themselves.
      {"[%F] %H", "(2018-12-31] 00"},
      {"100%% %F %H", "100%% 2018-12-31 00"},
      {"%F at %H", "2018-12-31 AT 00"},
  };
  for (const auto& c : kCases)
    EXPECT_EQ(Read(c.first, c.second), "") << c.first << ", " << c.second;
  EXPECT_EQ(Read("%F %T", absl::string_view("2018-12-31 23:57:00\0", 20)), "");
}

TEST(TimePatternTest, RefusesPatternsThatMakeNoTime) {
  const std::pair<std::string, const char*> kCases[] = {
      {"", "is required"},
      {std::string(201, ' '), "is longer than 200 bytes: 201"},
      {"%F %T %Q", "has \"%Q\", which is none of %Y"},
      {"%F %T %s", "has \"%s\""},
      {"%F %T %Z", "has \"%Z\""},
      {"%F %T %f", "has \"%f\""},
      {"%F %H:%M:%E3S", "has \"%E\""},
      {"%F %T %", "has a \"%\", which is none of"},
      {"%F %T %é", "has a \"%\", which is none of"},
      {"%F %T %Y", "tells the year twice"},
      {"%Y %y %m %d %H", "tells the year twice"},
      {"%F %m %H", "tells the month twice"},
      {"%F %b %H", "tells the month twice"},
      {"%F %e %H", "tells the day twice"},
      {"%F %T %R", "tells the hour twice"},
      {"%F %H %I %p", "tells the hour twice"},
      {"%F %T%z%Ez", "tells the offset twice"},
      {"%F %T%S", "tells the second twice"},
      {"%Y-%j %m %H", "tells the day twice: by %j, and by month or day"},
      {"%Y-%j %d %H", "tells the day twice: by %j, and by month or day"},
      {"noon", "has no year"},
      {"%m-%d %H", "has no year"},
      {"%Y-%d %H", "has no month"},
      {"%Y %H", "has no month"},
      {"%Y-%m %H", "has no day"},
      {"%F", "has no hour"},
      {"%F %M", "has no hour"},
      {"%F %p", "has no hour"},
      {"%F %I", "must have %I and %p together"},
      {"%F %H %p", "must have %I and %p together"},
      {"%F %H %S", "has seconds but no minute"},
  };
  for (const auto& c : kCases) {
    const absl::Status status = TimePattern::Parse(c.first).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.first;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.second)) << c.first;
  }
}

// What strftime writes is read back, whatever the pattern.
TEST(TimePatternTest, ReadsWhatStrftimeWrites) {
  const std::string kDates[] = {"%F", "%D", "%Y-%j", "%y%m%d", "%a %b %e %Y", "%A, %d. %B %Y"};
  const std::string kTimes[] = {"%T", "%H%M%S", "%I:%M:%S %p", "%R:%S"};
  std::mt19937_64 random(9);
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern = absl::StrCat(kDates[random() % 6], " ", kTimes[random() % 4]);
    // 1969 to 2068, so that two digits of the year are enough.
    const auto seconds = static_cast<std::time_t>(random() % 3'124'224'000) - 31'536'000;
    std::tm parts{};
    ASSERT_NE(gmtime_r(&seconds, &parts), nullptr);
    char text[100];
    ASSERT_GT(std::strftime(text, sizeof(text), pattern.c_str(), &parts), 0u);
    const absl::optional<TimePattern::Reading> reading = TimePattern::Parse(pattern)->Read(text);
    ASSERT_TRUE(reading.has_value()) << pattern << ", " << text;
    ASSERT_EQ(reading->local, seconds * kMicrosPerSecond) << pattern << ", " << text;
  }
}

TEST(TimePatternTest, ATextThatEndsEarlyIsNotReadBeyondItsEnd) {
  const TimePattern pattern = *TimePattern::Parse("%a %e %B %Y %I:%M:%E*S %p %Ez");
  const std::string whole = "Mon 31 December 2018 11:57:00.25 PM -08:00";
  EXPECT_TRUE(pattern.Read(whole).has_value());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(pattern.Read(std::string(whole, 0, size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace windrow::aggregator
