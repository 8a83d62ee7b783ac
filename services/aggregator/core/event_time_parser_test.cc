#include "services/aggregator/core/event_time_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"

namespace windrow::aggregator {
namespace {

using Kind = EventTimeFormat::Kind;

EventTimeParser Parser(std::string zone = "UTC", Kind kind = Kind::kIso8601,
                       std::string pattern = "") {
  return EventTimeParser::Create({kind, std::move(zone), std::move(pattern)}).value();
}

// A time as UTC text, such as "2018-11-04T01:30:00+00:00"; empty for none.
std::string Utc(absl::optional<EventTime> time) {
  if (!time.has_value()) return "";
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMicros(*time),
                          absl::UTCTimeZone());
}

// "YYYY-MM-DDThh:mm:ss", always with four digits of the year.
std::string Text(absl::CivilSecond time, char separator = 'T') {
  return absl::StrFormat("%04d-%02d-%02d%c%02d:%02d:%02d", time.year(), time.month(), time.day(),
                         separator, time.hour(), time.minute(), time.second());
}

constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

TEST(EventTimeParserTest, ReadsTimes) {
  struct {
    const char* text;
    const char* utc;
  } const kCases[] = {
      {"2018-12-31T23:57:00", "2018-12-31T23:57:00Z"},
      {"2018-12-31 23:57:00", "2018-12-31T23:57:00Z"},
      {"2018-12-31T23:57:00.000", "2018-12-31T23:57:00Z"},
      {"2018-12-31T23:57:00Z", "2018-12-31T23:57:00Z"},
      {"2018-12-31T23:57:00.5Z", "2018-12-31T23:57:00.5Z"},
      {"2018-12-31T23:57:00.123456", "2018-12-31T23:57:00.123456Z"},
      {"2018-12-31T23:57:00.000001", "2018-12-31T23:57:00.000001Z"},
      // What is finer than a microsecond is cut off, not rounded.
      {"2018-12-31T23:57:00.9999999", "2018-12-31T23:57:00.999999Z"},
      {"2018-12-31T23:57:00.123456789", "2018-12-31T23:57:00.123456Z"},
      {"2018-12-31T23:57:00+00:00", "2018-12-31T23:57:00Z"},
      {"2018-12-31T23:57:00-08:00", "2019-01-01T07:57:00Z"},
      {"2018-12-31T23:57:00+05:30", "2018-12-31T18:27:00Z"},
      {"2018-12-31T23:57:00-00:01", "2018-12-31T23:58:00Z"},
      {"2018-12-31T23:57:00.25+23:59", "2018-12-30T23:58:00.25Z"},
      {"1970-01-01T00:00:00", "1970-01-01T00:00:00Z"},
      {"1969-12-31T23:59:59.999999", "1969-12-31T23:59:59.999999Z"},
      {"1900-02-28T23:59:59", "1900-02-28T23:59:59Z"},
      {"2000-02-29T12:00:00", "2000-02-29T12:00:00Z"},
      {"2016-02-29T12:00:00", "2016-02-29T12:00:00Z"},
      {"0001-01-01T00:00:00", "0001-01-01T00:00:00Z"},
      {"9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999Z"},
  };
  EventTimeParser parser = Parser();
  for (const auto& c : kCases) EXPECT_EQ(Utc(parser.Parse(c.text)), c.utc) << c.text;
}

TEST(EventTimeParserTest, RefusesWhatIsNotATime) {
  EventTimeParser parser = Parser();
  for (const std::string text : {
           "",
           "2018",
           "2018-12-31",
           "2018-12-31T23:57",
           "2018-12-31T23:57Z",
           "2018-12-31T23:57:0",
           "2018-12-31t23:57:00",
           "2018-12-31X23:57:00",
           "2018-12-31T23:57:00z",
           "2018-12-31T23:57:00 ",
           " 2018-12-31T23:57:00",
           "2018/12/31T23:57:00",
           "2018-12-31T23.57.00",
           "20181231T235700",
           "18-12-31T23:57:00",
           // Months, days, hours.
           "0000-01-01T00:00:00",
           "2018-00-01T00:00:00",
           "2018-13-01T00:00:00",
           "2018-01-00T00:00:00",
           "2018-01-32T00:00:00",
           "2018-04-31T00:00:00",
           "2018-06-31T00:00:00",
           "2018-09-31T00:00:00",
           "2018-11-31T00:00:00",
           "2018-02-29T00:00:00",
           "2100-02-29T00:00:00",
           "1900-02-29T00:00:00",
           "2016-02-30T00:00:00",
           "2018-01-01T24:00:00",
           "2018-01-01T00:60:00",
           "2018-01-01T00:00:60",
           "2018-01-01T00:00:61",
           // Signs and letters in place of digits.
           "-018-01-01T00:00:00",
           "+018-01-01T00:00:00",
           "2018-1 -01T00:00:00",
           "2018-01--1T00:00:00",
           "2018-01-01T-1:00:00",
           "2018-01-01T0a:00:00",
           "2018-01-01T00:00:0x",
           "2O18-01-01T00:00:00",
           // Fractions.
           "2018-01-01T00:00:00.",
           "2018-01-01T00:00:00.Z",
           "2018-01-01T00:00:00.1234567890",
           "2018-01-01T00:00:00,5",
           "2018-01-01T00:00:00.5.5",
           "2018-01-01T00:00:00.-5",
           // Offsets.
           "2018-01-01T00:00:00+",
           "2018-01-01T00:00:00+08",
           "2018-01-01T00:00:00+0800",
           "2018-01-01T00:00:00+8:00",
           "2018-01-01T00:00:00+08:0",
           "2018-01-01T00:00:00+08:000",
           "2018-01-01T00:00:00+24:00",
           "2018-01-01T00:00:00+08:60",
           "2018-01-01T00:00:00+08-00",
           "2018-01-01T00:00:00 +08:00",
           "2018-01-01T00:00:00ZZ",
           "2018-01-01T00:00:00Z+08:00",
           "2018-01-01T00:00:00+08:00Z",
           "2018-01-01T00:00:00*08:00",
           "2018-01-01T00:00:00+-1:00",
       }) {
    EXPECT_EQ(parser.Parse(text), absl::nullopt) << text;
  }
  // A text that ends early is not read beyond its end, nor one with a zero byte.
  const std::string whole = "2018-12-31T23:57:00.5+08:00";
  for (const size_t size : {18u, 20u, 22u, 26u}) {
    EXPECT_EQ(parser.Parse(absl::string_view(whole).substr(0, size)), absl::nullopt) << size;
  }
  EXPECT_EQ(parser.Parse(std::string("2018-12-31T23:57:00\0", 20)), absl::nullopt);
}

TEST(EventTimeParserTest, ZonesAreIanaNames) {
  for (const char* zone : {"UTC", "America/Los_Angeles", "Etc/GMT+8", "America/Port-au-Prince"}) {
    EXPECT_TRUE(EventTimeParser::CheckZone(zone).ok()) << zone;
  }
  // The last ones are known to the library, but mean another zone on another machine.
  for (const char* zone : {"", "Mars/Olympus", "America", "PDT", "america/los_angeles", "-08:00",
                           "localtime", "/etc/localtime", "libc:localtime", "../localtime"}) {
    const absl::Status status = EventTimeParser::CheckZone(zone);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << zone;
    EXPECT_EQ(EventTimeParser::Create({Kind::kIso8601, zone, ""}).status(), status) << zone;
  }
}

TEST(EventTimeParserTest, ReadsTimesInItsZone) {
  struct {
    const char* text;
    const char* utc;
  } const kCases[] = {
      {"2018-12-31T23:57:00", "2019-01-01T07:57:00Z"},
      {"2018-07-01T00:00:00.000001", "2018-07-01T07:00:00.000001Z"},
      // An offset in the text wins.
      {"2018-07-01T00:00:00Z", "2018-07-01T00:00:00Z"},
      {"2018-07-01T00:00:00+01:00", "2018-06-30T23:00:00Z"},
      // The gap of 2018-03-11, 02:00 to 03:00: with the offset before the change.
      {"2018-03-11T01:59:59.999999", "2018-03-11T09:59:59.999999Z"},
      {"2018-03-11T02:00:00", "2018-03-11T10:00:00Z"},
      {"2018-03-11T02:59:59", "2018-03-11T10:59:59Z"},
      {"2018-03-11T03:00:00", "2018-03-11T10:00:00Z"},
      // The fold of 2018-11-04, 01:00 to 02:00: the first of the two.
      {"2018-11-04T00:59:59", "2018-11-04T07:59:59Z"},
      {"2018-11-04T01:00:00", "2018-11-04T08:00:00Z"},
      {"2018-11-04T01:59:59.999999", "2018-11-04T08:59:59.999999Z"},
      {"2018-11-04T02:00:00", "2018-11-04T10:00:00Z"},
      // Before 1970, and local mean time before the zones.
      {"1969-12-31T16:00:00", "1970-01-01T00:00:00Z"},
      {"1945-08-14T12:00:00", "1945-08-14T19:00:00Z"},
      {"1883-11-18T11:59:59", "1883-11-18T19:52:57Z"},
      {"1883-11-18T12:07:02", "1883-11-18T20:07:02Z"},
      {"1800-01-01T00:00:00", "1800-01-01T07:52:58Z"},
      // Leap days.
      {"2016-02-29T23:30:00", "2016-03-01T07:30:00Z"},
  };
  EventTimeParser remembers = Parser("America/Los_Angeles");
  for (const auto& c : kCases) {
    EXPECT_EQ(Utc(remembers.Parse(c.text)), c.utc) << c.text;
    EXPECT_EQ(Utc(remembers.Parse(c.text)), c.utc) << c.text << " again";
    EXPECT_EQ(Utc(Parser("America/Los_Angeles").Parse(c.text)), c.utc) << c.text << " afresh";
  }
}

// What is remembered must not reach over a change in the middle of a quarter of an hour.
TEST(EventTimeParserTest, RemembersNoOffsetAcrossAChange) {
  for (const bool backwards : {false, true}) {
    EventTimeParser parser = Parser("America/Los_Angeles");
    std::vector<std::pair<std::string, std::string>> cases = {
        {"1883-11-18T12:00:30", "1883-11-18T19:53:28Z"},
        {"1883-11-18T12:07:02", "1883-11-18T20:07:02Z"},
        {"1883-11-18T12:14:59", "1883-11-18T20:14:59Z"},
    };
    if (backwards) std::reverse(cases.begin(), cases.end());
    for (const auto& c : cases) EXPECT_EQ(Utc(parser.Parse(c.first)), c.second) << c.first;
  }
}

TEST(EventTimeParserTest, ReadsEveryDayOfFourCenturies) {
  EventTimeParser parser = Parser();
  const absl::CivilDay last(2000, 3, 1);
  EventTime expected = -11'676'096'000 * kMicrosPerSecond;  // 1600-01-01, 135,140 days before 1970
  for (absl::CivilDay day(1600, 1, 1); day <= last; ++day) {
    ASSERT_EQ(parser.Parse(Text(absl::CivilSecond(day))), expected) << day;
    expected += kMicrosPerDay;
  }
}

TEST(EventTimeParserTest, AgreesWithAbseil) {
  EventTimeParser parser = Parser();
  std::mt19937_64 random(6);
  for (int i = 0; i < 20'000; ++i) {
    const int64_t second =
        kFirstSecond + static_cast<int64_t>(random() % (kLastSecond - kFirstSecond + 1));
    std::string text = Text(absl::ToCivilSecond(absl::FromUnixSeconds(second), absl::UTCTimeZone()),
                            random() % 2 == 0 ? 'T' : ' ');
    if (const size_t digits = random() % 10; digits > 0) {
      text += absl::StrFormat(".%09d", random() % 1'000'000'000).substr(0, digits + 1);
    }
    const int minutes = static_cast<int>(random() % 1440);
    std::string offset =
        absl::StrFormat("%c%02d:%02d", random() % 2 == 0 ? '+' : '-', minutes / 60, minutes % 60);
    if (random() % 3 == 0) offset = "Z";
    absl::Time expected;
    std::string error;
    ASSERT_TRUE(absl::ParseTime(absl::StrCat("%Y-%m-%d", text.substr(10, 1), "%H:%M:%E*S%Ez"),
                                text + offset, &expected, &error))
        << text << offset << ": " << error;
    ASSERT_EQ(parser.Parse(text + offset), absl::ToUnixMicros(expected)) << text << offset;
  }
}

// The gap and the fold of some zones, in text with and without a pattern: the offset before the
// change, so that a time in a gap is as much later as the gap is long, and one in a fold the first.
TEST(EventTimeParserTest, GapsAndFoldsAreReadWithTheOffsetBeforeTheChange) {
  struct {
    const char* zone;
    const char* text;
    const char* utc;
  } const kCases[] = {
      {"America/Los_Angeles", "2018-03-11 02:30:00", "2018-03-11T10:30:00Z"},
      {"America/Los_Angeles", "2018-11-04 01:30:00", "2018-11-04T08:30:00Z"},
      {"Europe/Berlin", "2018-03-25 01:59:59", "2018-03-25T00:59:59Z"},
      {"Europe/Berlin", "2018-03-25 02:00:00", "2018-03-25T01:00:00Z"},
      {"Europe/Berlin", "2018-03-25 02:30:00", "2018-03-25T01:30:00Z"},
      {"Europe/Berlin", "2018-03-25 03:00:00", "2018-03-25T01:00:00Z"},
      {"Europe/Berlin", "2018-10-28 02:30:00", "2018-10-28T00:30:00Z"},
      {"Europe/Berlin", "2018-10-28 03:00:00", "2018-10-28T02:00:00Z"},
      // Half an hour: 02:00 to 02:30 on 2018-10-07, 01:30 to 02:00 twice on 2018-04-01.
      {"Australia/Lord_Howe", "2018-10-07 01:59:59", "2018-10-06T15:29:59Z"},
      {"Australia/Lord_Howe", "2018-10-07 02:15:00", "2018-10-06T15:45:00Z"},
      {"Australia/Lord_Howe", "2018-10-07 02:30:00", "2018-10-06T15:30:00Z"},
      {"Australia/Lord_Howe", "2018-04-01 01:29:59", "2018-03-31T14:29:59Z"},
      {"Australia/Lord_Howe", "2018-04-01 01:45:00", "2018-03-31T14:45:00Z"},
      {"Australia/Lord_Howe", "2018-04-01 02:00:00", "2018-03-31T15:30:00Z"},
      // From +05:30 to +05:45 on 1986-01-01.
      {"Asia/Kathmandu", "1985-12-31 23:59:59", "1985-12-31T18:29:59Z"},
      {"Asia/Kathmandu", "1986-01-01 00:10:00", "1985-12-31T18:40:00Z"},
      {"Asia/Kathmandu", "1986-01-01 00:15:00", "1985-12-31T18:30:00Z"},
      {"Asia/Kathmandu", "2018-07-01 12:00:00", "2018-07-01T06:15:00Z"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Utc(Parser(c.zone).Parse(c.text)), c.utc) << c.zone << " " << c.text;
    EXPECT_EQ(Utc(Parser(c.zone, Kind::kPattern, "%F %T").Parse(c.text)), c.utc)
        << c.zone << " " << c.text << " by pattern";
  }
}

TEST(EventTimeParserTest, ReadsNumbersInTheirUnit) {
  const std::pair<Kind, const char*> kCases[] = {
      {Kind::kEpochSeconds, "1546300620.123456"},
      {Kind::kEpochMilliseconds, "1546300620123.456"},
      {Kind::kEpochMicroseconds, "1546300620123456"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Utc(Parser("UTC", c.first).Parse(c.second)), "2018-12-31T23:57:00.123456Z");
    EXPECT_EQ(Parser("UTC", c.first).Parse("2018-12-31T23:57:00"), absl::nullopt);
  }
  EXPECT_EQ(Parser().Parse("1546300620"), absl::nullopt);
}

TEST(EventTimeParserTest, ReadsTextByItsPattern) {
  EventTimeParser local = Parser("America/Los_Angeles", Kind::kPattern, "%m/%d/%Y %I:%M:%S %p");
  EXPECT_EQ(Utc(local.Parse("12/31/2018 11:57:00 PM")), "2019-01-01T07:57:00Z");
  EXPECT_EQ(Utc(local.Parse("07/01/1969 12:00:00 AM")), "1969-07-01T07:00:00Z");
  EXPECT_EQ(local.Parse("2018-12-31T23:57:00"), absl::nullopt);
  // Local times keep their fractions, before 1970 too.
  EventTimeParser fine = Parser("America/Los_Angeles", Kind::kPattern, "%F %H:%M:%E*S");
  EXPECT_EQ(Utc(fine.Parse("2018-12-31 15:57:00.25")), "2018-12-31T23:57:00.25Z");
  EXPECT_EQ(Utc(fine.Parse("2018-12-31 15:57:01.000001")), "2018-12-31T23:57:01.000001Z");
  EXPECT_EQ(Utc(fine.Parse("1968-12-31 15:57:00.999999")), "1968-12-31T23:57:00.999999Z");
  // An offset in the text wins.
  EventTimeParser offset = Parser("America/Los_Angeles", Kind::kPattern, "%F %H:%M:%E*S %z");
  EXPECT_EQ(Utc(offset.Parse("2018-12-31 23:57:00.25 +0545")), "2018-12-31T18:12:00.25Z");
  const absl::Status status = EventTimeParser::Create({Kind::kPattern, "UTC", "%F"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(EventTimeTest, ARecordWithoutTimestampHasNone) {
  EXPECT_EQ(RecordTimestamp(-1), kNever);
  EXPECT_EQ(RecordTimestamp(std::numeric_limits<int64_t>::min()), kNever);
  EXPECT_EQ(RecordTimestamp(0), 0);
  EXPECT_EQ(RecordTimestamp(1'546'300'620'123), 1'546'300'620'123'000);
  const EventTime most = RecordTimestamp(std::numeric_limits<int64_t>::max());
  EXPECT_GT(most, 200'000'000'000 * kMicrosPerSecond);
  // No difference to an event time overflows.
  EXPECT_LT(most, std::numeric_limits<int64_t>::max() / 2);
}

// Local times all around the changes of a zone, in order and in disorder, against Abseil's look-up.
TEST(EventTimeParserTest, AgreesWithAbseilAroundTheChangesOfZones) {
  std::mt19937_64 random(7);
  for (const char* name : {"America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe",
                           "Asia/Kathmandu", "Africa/Monrovia", "Pacific/Apia", "Asia/Gaza",
                           "America/St_Johns", "Antarctica/Troll", "Europe/Dublin"}) {
    SCOPED_TRACE(name);
    absl::TimeZone zone;
    ASSERT_TRUE(absl::LoadTimeZone(name, &zone));
    EventTimeParser parser = Parser(name);
    std::vector<absl::CivilSecond> changes;
    absl::TimeZone::CivilTransition change;
    for (absl::Time time = absl::FromUnixSeconds(kFirstSecond);
         changes.size() < 300 && zone.NextTransition(time, &change);
         time = zone.At(change.to).post + absl::Seconds(1)) {
      changes.push_back(change.from);
    }
    ASSERT_GE(changes.size(), 2u);
    for (const absl::CivilSecond& around : changes) {
      absl::CivilSecond local = around - 7200;
      for (int i = 0; i < 60; ++i) {
        local = i % 4 == 3 ? around + static_cast<int64_t>(random() % 20'000) - 10'000
                           : local + static_cast<int64_t>(random() % 500);
        if (i % 5 == 0) local = absl::CivilSecond(absl::CivilMinute(local));
        const std::string text = Text(local);
        ASSERT_EQ(parser.Parse(text), absl::ToUnixMicros(zone.At(local).pre)) << text;
      }
    }
  }
}

}  // namespace
}  // namespace windrow::aggregator
