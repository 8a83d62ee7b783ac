#include "services/platform/runtime/valid_utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace windrow::runtime {
namespace {

TEST(ValidUtf8Test, KeepsWellFormedText) {
  const std::string text = u8"plain, é, €, 😀, \U0010FFFF";
  EXPECT_EQ(ValidUtf8(text, 100), text);
  EXPECT_EQ(ValidUtf8("", 100), "");
  EXPECT_EQ(ValidUtf8(absl::string_view("a\0b", 3), 100), std::string("a\0b", 3));
}

TEST(ValidUtf8Test, ReplacesEveryStrayByte) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(ValidUtf8("a\x80z", 100), "a" + bad + "z");
  EXPECT_EQ(ValidUtf8("\xC3", 100), bad);                                // cut short
  EXPECT_EQ(ValidUtf8("\xE2\x82", 100), bad + bad);                      // cut short
  EXPECT_EQ(ValidUtf8("\xC0\xAF", 100), bad + bad);                      // overlong
  EXPECT_EQ(ValidUtf8("\xE0\x80\x80", 100), bad + bad + bad);            // overlong
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80", 100), bad + bad + bad);            // surrogate
  EXPECT_EQ(ValidUtf8("\xF4\x90\x80\x80", 100), bad + bad + bad + bad);  // beyond U+10FFFF
}

TEST(ValidUtf8Test, CutsBetweenCharacters) {
  EXPECT_EQ(ValidUtf8("0123456789", 10), "0123456789");
  EXPECT_EQ(ValidUtf8("0123456789a", 10), u8"0123456…");
  EXPECT_EQ(ValidUtf8(u8"ééééé", 9), u8"ééé…");
  EXPECT_EQ(ValidUtf8("long", 3), u8"…");
}

}  // namespace
}  // namespace windrow::runtime
