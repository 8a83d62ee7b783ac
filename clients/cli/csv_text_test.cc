#include "clients/cli/csv_text.h"

#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

TEST(CsvTextTest, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(CsvLine({"a", "b c", "1.5", ""}), "a,b c,1.5,\r\n");
  EXPECT_EQ(CsvLine({"a,b", "say \"yes\"", "two\nlines", "cr\r"}),
            "\"a,b\",\"say \"\"yes\"\"\",\"two\nlines\",\"cr\r\"\r\n");
}

TEST(CsvTextTest, OneEmptyValueIsNoEmptyLine) {
  EXPECT_EQ(CsvLine({""}), "\"\"\r\n");
  EXPECT_EQ(CsvLine({"", ""}), ",\r\n");
}

}  // namespace
}  // namespace windrow::cli
