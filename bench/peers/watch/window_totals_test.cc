#include "bench/peers/watch/window_totals.h"

#include <gtest/gtest.h>

namespace windrow::bench {
namespace {

TEST(WindowRow, ReadsTheThreeFields) {
  const auto row = WindowRow::Parse(
      R"({"original_crime_type_name":"Auto Boost \/ \"Strip\"","window_start":300000,"count":7})");
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ(row->type, "Auto Boost / \"Strip\"");
  EXPECT_EQ(row->window_start, 300000);
  EXPECT_EQ(row->count, 7);
}

TEST(WindowRow, RefusesWhatIsNoRow) {
  for (const char* text : {"", "7", "{}", R"({"original_crime_type_name":"a","window_start":1})",
                           R"({"original_crime_type_name":"a","window_start":1,"count":"2"})"}) {
    EXPECT_FALSE(WindowRow::Parse(text).has_value()) << text;
  }
}

TEST(WindowTotals, SumsTheNewestCounts) {
  WindowTotals totals;
  totals.Take({"a", 0, 2});
  totals.Take({"a", 300000, 3});
  totals.Take({"b", 0, 1});
  totals.Take({"a", 0, 5});
  EXPECT_EQ(totals.total(), 9);
  EXPECT_EQ(totals.updates(), 4);
  EXPECT_EQ(totals.decreases(), 0);
  EXPECT_EQ(totals.counts().size(), 3);
}

TEST(WindowTotals, NoticesACountThatGoesBack) {
  WindowTotals totals;
  totals.Take({"a", 0, 5});
  totals.Take({"a", 0, 4});
  EXPECT_EQ(totals.total(), 4);
  EXPECT_EQ(totals.decreases(), 1);
}

}  // namespace
}  // namespace windrow::bench
