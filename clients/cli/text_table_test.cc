#include "clients/cli/text_table.h"

#include "clients/cli/text_width.h"
#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

TextTable Sample() {
  TextTable table({{"TYPE"}, {"COUNT", TextTable::Align::kRight}, {"STATE"}});
  table.Add({"Traffic Stop", "12", "final"});
  table.Add({"Mañana", "3", ""});
  return table;
}

TEST(TextTableTest, AlignsColumnsByCharactersNotBytes) {
  EXPECT_EQ(Sample().Text(),
            "TYPE          COUNT  STATE\n"
            "Traffic Stop     12  final\n"
            "Mañana            3\n");
}

TEST(TextTableTest, TheWidestColumnGivesWay) {
  const std::vector<std::string> lines = Sample().Lines(24);
  EXPECT_EQ(lines[1], "Traffic S…     12  final");
}

TEST(TextTableTest, NoLineIsEverWiderThanAsked) {
  for (size_t width = 1; width < 40; ++width) {
    for (const std::string& line : Sample().Lines(width)) {
      EXPECT_LE(TextWidth(line), width) << line;
    }
  }
}

TEST(TextTableTest, NumbersGoRightAndTextLeft) {
  TextTable table(
      {{"DESCRIPTION", TextTable::Align::kByContent}, {"COUNT", TextTable::Align::kByContent}});
  table.Add({"Admonished", "2"});
  table.Add({"-", "10.5"});
  EXPECT_EQ(table.Text(),
            "DESCRIPTION  COUNT\n"
            "Admonished       2\n"
            "-             10.5\n");
}

TEST(TextTableTest, WithoutRowsThereIsATitle) {
  EXPECT_EQ(TextTable({{"TYPE"}, {"COUNT"}}).Text(), "TYPE  COUNT\n");
}

}  // namespace
}  // namespace windrow::cli
