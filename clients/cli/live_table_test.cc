#include "clients/cli/live_table.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/text_width.h"
#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::Result;

constexpr int64_t kStart = 1546300200;  // 2018-12-31T23:50:00Z

Result Row(int64_t start, const std::string& type, int64_t count) {
  Result row;
  row.mutable_window_start_time()->set_seconds(start);
  row.mutable_window_end_time()->set_seconds(start + 600);
  auto* group = row.add_group();
  group->set_name("type");
  group->set_string_value(type);
  auto* value = row.add_values();
  value->set_name("count");
  value->set_int_value(count);
  row.set_accepted(count);
  return row;
}

LiveStatus Status() {
  LiveStatus status;
  status.view = "calls-by-type";
  status.progress.emplace();
  status.progress->set_input_rows_per_second(1300.4);
  status.progress->set_processed_rows_per_second(1298.6);
  status.progress->mutable_watermark_time()->set_seconds(kStart + 7);
  status.progress->set_lag_records(1234567);
  status.progress->add_workers();
  return status;
}

WindowBoard Board() {
  WindowBoard board(10);
  board.Apply(Row(kStart, "Traffic Stop", 3));
  board.Apply(Row(kStart, "Fight", 12));
  board.Apply(Row(kStart - 300, "Fight", 5));
  board.CloseThrough(absl::FromUnixSeconds(kStart + 300));
  return board;
}

TEST(LiveTableTest, ShowsOpenAndFinalWindowsTheFullestGroupFirst) {
  const std::vector<std::string> lines = LiveTable(Board(), Status(), {80, 24, false});
  EXPECT_EQ(absl::StrJoin(lines, "\n"),
            "calls-by-type, final through 2018-12-31 23:55 UTC\n"
            "WINDOW (UTC)              type          count  STATE\n"
            "2018-12-31 23:50 - 00:00  Fight            12  open\n"
            "                          Traffic Stop      3  open\n"
            "2018-12-31 23:45 - 23:55  Fight             5  final\n"
            "input 1,300 rows/s, processed 1,299 rows/s, watermark 2018-12-31 23:50:07, "
            "lag 1"
            /* clipped at 80 */);
}

TEST(LiveTableTest, NeverLargerThanTheScreen) {
  WindowBoard board(10);
  for (int window = 0; window < 6; ++window) {
    for (int i = 0; i < 50; ++i) {
      board.Apply(Row(kStart + 300 * window, absl::StrCat("A long type of crime no. ", i), i + 1));
    }
  }
  board.CloseThrough(absl::FromUnixSeconds(kStart + 1200));
  LiveStatus status = Status();
  status.troubles = {"cannot reach the query service"};
  for (size_t height = 1; height < 40; ++height) {
    for (const size_t width : {1, 10, 40, 200}) {
      const std::vector<std::string> lines = LiveTable(board, status, {width, height, false});
      EXPECT_LE(lines.size(), height);
      for (const std::string& line : lines) EXPECT_LE(TextWidth(line), width) << line;
    }
  }
}

TEST(LiveTableTest, FinalWindowsTakeThePlaceOfOpenOnes) {
  WindowBoard board(10);
  for (int window = 0; window < 6; ++window) board.Apply(Row(kStart + 300 * window, "Fight", 1));
  const auto count = [&](absl::string_view state) {
    int lines = 0;
    for (const std::string& line : LiveTable(board, {"v", std::nullopt, {}}, {80, 24, false})) {
      lines += absl::EndsWith(line, state);
    }
    return lines;
  };
  EXPECT_EQ(count("open"), 2);
  EXPECT_EQ(count("final"), 0);
  board.CloseThrough(absl::FromUnixSeconds(kStart + 300 * 6));
  EXPECT_EQ(count("open"), 1);
  EXPECT_EQ(count("final"), 3);
  board.CloseThrough(absl::FromUnixSeconds(kStart + 300 * 60));
  EXPECT_EQ(count("open"), 0);
  EXPECT_EQ(count("final"), 4);
}

TEST(LiveTableTest, SaysWhatItLeavesOut) {
  WindowBoard board(10);
  for (int i = 1; i <= 10; ++i) board.Apply(Row(kStart, absl::StrCat("type ", i), i));
  const std::string text =
      absl::StrJoin(LiveTable(board, {"v", std::nullopt, {}}, {80, 6, false}), "\n");
  // Shown: 10, 9, 8; left out: 7 groups that hold 28.
  EXPECT_TRUE(absl::StrContains(text, "… 7 more: 28")) << text;
}

TEST(LiveTableTest, ColorsOnlyWhenAsked) {
  const auto text = [](bool color) {
    return absl::StrJoin(LiveTable(Board(), Status(), {80, 24, color}), "\n");
  };
  EXPECT_TRUE(absl::StrContains(text(true), "\x1b["));
  EXPECT_FALSE(absl::StrContains(text(false), "\x1b["));
}

TEST(LiveTableTest, BeforeTheFirstRowItSaysSo) {
  const std::vector<std::string> lines =
      LiveTable(WindowBoard(4), {"v", std::nullopt, {}}, {80, 24, false});
  EXPECT_EQ(absl::StrJoin(lines, "\n"), "v\nno windows yet");
}

TEST(LiveTableTest, LinesForALog) {
  EXPECT_EQ(absl::StrJoin(LiveLines(Board(), Status()), "\n"),
            "calls-by-type 2018-12-31 23:50 - 00:00 open: 15 records; Fight 12, Traffic Stop 3\n"
            "calls-by-type 2018-12-31 23:45 - 23:55 final: 5 records; Fight 5\n"
            "input 1,300 rows/s, processed 1,299 rows/s, watermark 2018-12-31 23:50:07, "
            "lag 1,234,567 records, 1 worker");
}

TEST(LiveTableTest, GroupsThousands) {
  EXPECT_EQ(GroupedNumber(0), "0");
  EXPECT_EQ(GroupedNumber(999), "999");
  EXPECT_EQ(GroupedNumber(-1000), "-1,000");
  EXPECT_EQ(GroupedNumber(-100), "-100");
  EXPECT_EQ(GroupedNumber(1234567), "1,234,567");
}

TEST(WindowBoardTest, KeepsTheNewestWindowsOnly) {
  WindowBoard board(2);
  for (int i = 0; i < 5; ++i) board.Apply(Row(kStart + 300 * i, "Fight", 1));
  board.Apply(Row(kStart, "Fight", 1));
  const auto windows = board.Newest(false, 10);
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0].start, absl::FromUnixSeconds(kStart + 1200));
  EXPECT_EQ(windows[1].start, absl::FromUnixSeconds(kStart + 900));
}

TEST(WindowBoardTest, ARowReplacesItsOlderState) {
  WindowBoard board(2);
  board.Apply(Row(kStart, "Fight", 1));
  board.Apply(Row(kStart, "Fight", 4));
  const auto windows = board.Newest(false, 1);
  ASSERT_EQ(windows.size(), 1u);
  EXPECT_EQ(windows[0].accepted, 4);
  EXPECT_EQ(windows[0].rows.size(), 1u);
}

TEST(WindowBoardTest, ClosingNeverGoesBack) {
  WindowBoard board(2);
  board.Apply(Row(kStart, "Fight", 1));
  board.CloseThrough(absl::FromUnixSeconds(kStart + 600));
  board.CloseThrough(absl::FromUnixSeconds(kStart));
  EXPECT_EQ(board.Newest(true, 1).size(), 1u);
  EXPECT_TRUE(board.Newest(false, 1).empty());
}

TEST(WindowBoardTest, NullAndADashAreTwoGroups) {
  WindowBoard board(2);
  Result null_group = Row(kStart, "-", 1);
  null_group.mutable_group(0)->clear_value();
  board.Apply(null_group);
  board.Apply(Row(kStart, "-", 2));
  EXPECT_EQ(board.Newest(false, 1)[0].rows.size(), 2u);
}

}  // namespace
}  // namespace windrow::cli
