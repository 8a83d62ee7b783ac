#include "services/aggregator/core/json_number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace windrow::aggregator {
namespace {

TEST(JsonNumberTest, TakesWhatJsonTakes) {
  for (const char* text : {"0", "-0", "1", "-1", "10", "1.5", "-0.0", "0.10", "1e5", "1E5", "1e+5",
                           "1e-5", "-12.25E-07", "123456789012345678901234567890"}) {
    EXPECT_TRUE(IsJsonNumber(text)) << text;
    EXPECT_TRUE(ReadJsonNumber(text).has_value()) << text;
  }
  for (const std::string text :
       {"",    "-",        "+1",   "01", "-01",  "00",  ".5",  "1.",    "1.e5",  "1e",
        "1e+", "e5",       "1e5.", "1 ", " 1",   "1,5", "0x1", "1_000", "NaN",   "nan",
        "inf", "Infinity", "--1",  "1-", "true", "1a",  "\t1", "1\n",   "1.2.3", "1e2e3"}) {
    EXPECT_FALSE(IsJsonNumber(text)) << text;
    EXPECT_FALSE(ReadJsonNumber(text).has_value()) << text;
  }
  EXPECT_FALSE(IsJsonNumber(absl::string_view("1\0", 2)));
}

TEST(JsonNumberTest, WholeIsWhatHasNeitherFractionNorExponentAndFits) {
  for (const char* text : {"0", "-0", "7", "-7", "9223372036854775807", "-9223372036854775808"}) {
    EXPECT_TRUE(ReadJsonNumber(text)->is_whole) << text;
  }
  for (const char* text : {"1.0", "1e0", "9223372036854775808", "-9223372036854775809"}) {
    EXPECT_FALSE(ReadJsonNumber(text)->is_whole) << text;
  }
  EXPECT_EQ(ReadJsonNumber("-9223372036854775808")->whole, std::numeric_limits<int64_t>::min());
}

TEST(JsonNumberTest, TheDoubleIsTheNearestOne) {
  EXPECT_EQ(ReadJsonNumber("0.1")->value, 0.1);
  EXPECT_EQ(ReadJsonNumber("9007199254740993")->value, 9007199254740992.0);
  EXPECT_EQ(ReadJsonNumber("9007199254740993.0")->value, 9007199254740992.0);
  EXPECT_EQ(ReadJsonNumber("1.7976931348623157e308")->value, std::numeric_limits<double>::max());
  EXPECT_EQ(ReadJsonNumber("1e400")->value, std::numeric_limits<double>::infinity());
  EXPECT_EQ(ReadJsonNumber("-1e400")->value, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(ReadJsonNumber("1e-400")->value, 0.0);
  EXPECT_EQ(ReadJsonNumber("5e-324")->value, std::numeric_limits<double>::denorm_min());
}

int CompareTexts(const char* a, const char* b) {
  return Compare(*ReadJsonNumber(a), *ReadJsonNumber(b));
}

TEST(JsonNumberTest, WholeNumbersAreComparedExactly) {
  EXPECT_EQ(CompareTexts("1", "1"), 0);
  EXPECT_LT(CompareTexts("9007199254740992", "9007199254740993"), 0);
  EXPECT_GT(CompareTexts("9223372036854775807", "9223372036854775806"), 0);
  EXPECT_LT(CompareTexts("-9223372036854775808", "9223372036854775807"), 0);
  EXPECT_EQ(CompareTexts("-0", "0"), 0);
}

TEST(JsonNumberTest, OthersAreComparedAsDoubles) {
  EXPECT_EQ(CompareTexts("1.0", "1"), 0);
  EXPECT_EQ(CompareTexts("1e2", "100"), 0);
  EXPECT_EQ(CompareTexts("-0.0", "0"), 0);
  EXPECT_EQ(CompareTexts("9007199254740992.0", "9007199254740993"), 0);
  EXPECT_LT(CompareTexts("2.5", "3"), 0);
  EXPECT_GT(CompareTexts("3", "2.5"), 0);
  EXPECT_GT(CompareTexts("1e400", "9223372036854775807"), 0);
  EXPECT_EQ(CompareTexts("1e400", "1e500"), 0);
}

}  // namespace
}  // namespace windrow::aggregator
