#include "clients/cli/yaml_text.h"

#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

TEST(YamlTextTest, KeepsOrderAndKinds) {
  EXPECT_EQ(YamlText(R"({"b":1,"a":[true,null,-2.5],"c":{"d":"text of words","e":[],"f":{}}})"),
            "b: 1\n"
            "a:\n"
            "- true\n"
            "- null\n"
            "- -2.5\n"
            "c:\n"
            "  d: text of words\n"
            "  e: []\n"
            "  f: {}\n");
}

TEST(YamlTextTest, QuotesTextThatIsNoTextOtherwise) {
  EXPECT_EQ(
      YamlText(R"({"a":"1","b":"yes","c":"","d":"2018-12-31T23:50:00Z","e":"a: b","No":"x"})"),
      "a: \"1\"\n"
      "b: \"yes\"\n"
      "c: \"\"\n"
      "d: \"2018-12-31T23:50:00Z\"\n"
      "e: \"a: b\"\n"
      "\"No\": x\n");
  EXPECT_EQ(YamlText(R"({"a":"two\nlines \u001b[31m \u00e4"})"), "a: \"two\\nlines \\e[31m ä\"\n");
}

TEST(YamlTextTest, KeepsLargeNumbers) {
  EXPECT_EQ(YamlText(R"({"a":9223372036854775807,"b":18446744073709551615,"c":1e20,"d":3.0})"),
            "a: 9223372036854775807\n"
            "b: 18446744073709551615\n"
            "c: 1.0e+20\n"
            "d: 3.0\n");
}

TEST(YamlTextTest, ItemsFollowEachOther) {
  EXPECT_EQ(YamlItem(R"({"a":1,"b":[2]})") + YamlItem("7"),
            "- a: 1\n"
            "  b:\n"
            "  - 2\n"
            "- 7\n");
}

TEST(YamlTextTest, OneValueAndNoJson) {
  EXPECT_EQ(YamlText("true"), "true\n");
  EXPECT_EQ(YamlText("{"), "");
}

}  // namespace
}  // namespace windrow::cli
