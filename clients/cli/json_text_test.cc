#include "clients/cli/json_text.h"

#include <limits>

#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

using ::windrow::results::v1::Field;

std::string Json(absl::string_view text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

std::string Json(const Field& field) {
  std::string json;
  AppendJsonValue(field, &json);
  return json;
}

TEST(JsonTextTest, EscapesWhatJsonReserves) {
  EXPECT_EQ(Json("Traffic Stop"), R"("Traffic Stop")");
  EXPECT_EQ(Json("a\"b\\c\nd\te\x01"), R"("a\"b\\c\nd\te\u0001")");
  EXPECT_EQ(Json(absl::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonTextTest, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(Json("Mañana 🚓"), "\"Mañana 🚓\"");
  EXPECT_EQ(Json("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  // Overlong, a surrogate, cut short.
  EXPECT_EQ(Json("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(Json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(Json("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonTextTest, WritesEachKindOfValue) {
  Field field;
  EXPECT_EQ(Json(field), "null");
  EXPECT_EQ(PlainValue(field), "-");
  field.set_string_value("");
  EXPECT_EQ(Json(field), "\"\"");
  field.set_int_value(-9007199254740993);
  EXPECT_EQ(Json(field), "-9007199254740993");
  field.set_bool_value(true);
  EXPECT_EQ(Json(field), "true");
  field.set_double_value(0.1);
  EXPECT_EQ(Json(field), "0.1");
  field.set_double_value(0.1 + 0.2);
  EXPECT_EQ(Json(field), "0.30000000000000004");
  field.set_double_value(std::numeric_limits<double>::infinity());
  EXPECT_EQ(Json(field), "null");
}

TEST(JsonTextTest, WritesCountsAndErrors) {
  Field field;
  field.mutable_value_counts();
  EXPECT_EQ(Json(field), "[]");
  EXPECT_EQ(PlainValue(field), "");
  for (const char* value : {"Market \"St\"", "b"}) {
    auto* count = field.mutable_value_counts()->add_counts();
    count->set_value(value);
    count->set_count(3);
  }
  EXPECT_EQ(Json(field), R"([{"value":"Market \"St\"","count":3},{"value":"b","count":3}])");
  EXPECT_EQ(PlainValue(field), "Market \"St\" 3, b 3");
  field.set_error(results::v1::VALUE_ERROR_OVERFLOW);
  EXPECT_EQ(Json(field), R"({"error":"overflow"})");
  EXPECT_EQ(PlainValue(field), "overflow");
}

TEST(JsonTextTest, NothingReachesTheTerminalThatSteersIt) {
  EXPECT_EQ(Printable("a\x1b[31mb\n"), "a\\x1b[31mb\\x0a");
  EXPECT_EQ(Printable("Mañana"), "Mañana");
}

}  // namespace
}  // namespace windrow::cli
