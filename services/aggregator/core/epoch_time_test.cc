#include "services/aggregator/core/epoch_time.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace windrow::aggregator {
namespace {

constexpr EventSpan kSeconds = 1'000'000;
constexpr EventSpan kMilliseconds = 1'000;
constexpr EventSpan kMicroseconds = 1;

TEST(EpochTimeTest, ReadsNumbersOfUnits) {
  struct {
    const char* text;
    EventSpan unit;
    EventTime time;
  } const kCases[] = {
      {"0", kSeconds, 0},
      {"-0", kSeconds, 0},
      {"1546300620", kSeconds, 1'546'300'620'000'000},
      {"1546300620.5", kSeconds, 1'546'300'620'500'000},
      {"1546300620.123456", kSeconds, 1'546'300'620'123'456},
      {"0.000001", kSeconds, 1},
      {"0.100000000", kSeconds, 100'000},
      {"-1", kSeconds, -1'000'000},
      {"-0.5", kSeconds, -500'000},
      {"1546300620123", kMilliseconds, 1'546'300'620'123'000},
      {"1546300620123.4", kMilliseconds, 1'546'300'620'123'400},
      {"-1.001", kMilliseconds, -1'001},
      {"1546300620123456", kMicroseconds, 1'546'300'620'123'456},
      {"-7", kMicroseconds, -7},
      // What is finer than a microsecond is cut towards the past, on either side of 1970.
      {"0.000001999", kSeconds, 1},
      {"-0.000001000", kSeconds, -1},
      {"-0.000001001", kSeconds, -2},
      {"-0.000000001", kSeconds, -1},
      {"0.999999999", kMicroseconds, 0},
      {"-0.999999999", kMicroseconds, -1},
      {"-2.0", kMicroseconds, -2},
      {"1.0009", kMilliseconds, 1'000},
      {"-1.0009", kMilliseconds, -1'001},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ReadEpochTime(c.text, c.unit), c.time) << c.text << " of " << c.unit;
  }
}

TEST(EpochTimeTest, TheYears1To9999) {
  struct {
    EventSpan unit;
    std::string first;
    std::string before;
    std::string last;
    std::string after;
  } const kCases[] = {
      {kSeconds, "-62135596800", "-62135596800.000000001", "253402300799.999999999",
       "253402300800"},
      {kMilliseconds, "-62135596800000", "-62135596800000.1", "253402300799999.999999999",
       "253402300800000"},
      {kMicroseconds, "-62135596800000000", "-62135596800000000.1", "253402300799999999.9",
       "253402300800000000"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(ReadEpochTime(c.first, c.unit), -62'135'596'800'000'000);
    EXPECT_EQ(ReadEpochTime(c.before, c.unit), absl::nullopt) << c.before;
    EXPECT_EQ(ReadEpochTime(c.last, c.unit), 253'402'300'799'999'999);
    EXPECT_EQ(ReadEpochTime(c.after, c.unit), absl::nullopt) << c.after;
    for (const char* huge : {"999999999999999999", "9223372036854775807", "9223372036854775808",
                             "18446744073709551616", "-9223372036854775808",
                             "99999999999999999999999999999999999999"}) {
      EXPECT_EQ(ReadEpochTime(huge, c.unit), absl::nullopt) << huge;
    }
  }
}

TEST(EpochTimeTest, RefusesWhatIsNoSuchNumber) {
  for (const std::string text :
       {"",     "-",    "+1",  "--1", "01",   "00",           "-01", "1.",   ".5",  "-.5",
        "1.5.", "1..5", "1e9", "1E9", "1.e5", "1.0000000000", "1 ",  " 1",   "1_0", "1,5",
        "0x10", "nan",  "inf", "1a",  "a1",   "2018-12-31",   "1-",  "1.-5", "true"}) {
    EXPECT_EQ(ReadEpochTime(text, kSeconds), absl::nullopt) << text;
    EXPECT_EQ(ReadEpochTime(text, kMicroseconds), absl::nullopt) << text;
  }
  EXPECT_EQ(ReadEpochTime(absl::string_view("1\0", 2), kSeconds), absl::nullopt);
}

// One moment spelled in all units is one event time.
TEST(EpochTimeTest, UnitsAgree) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto micros =
        static_cast<int64_t>(random() % 200'000'000'000'000'000) - 50'000'000'000'000'000;
    const std::string sign = micros < 0 ? "-" : "";
    const int64_t size = micros < 0 ? -micros : micros;
    EXPECT_EQ(ReadEpochTime(absl::StrCat(micros), kMicroseconds), micros);
    EXPECT_EQ(
        ReadEpochTime(sign + absl::StrFormat("%d.%03d", size / 1000, size % 1000), kMilliseconds),
        micros);
    EXPECT_EQ(ReadEpochTime(sign + absl::StrFormat("%d.%06d", size / 1'000'000, size % 1'000'000),
                            kSeconds),
              micros);
  }
}

}  // namespace
}  // namespace windrow::aggregator
