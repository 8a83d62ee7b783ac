#include "clients/cli/live_table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/json_text.h"
#include "clients/cli/text_table.h"
#include "clients/cli/text_width.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using Window = WindowBoard::Window;
using Row = WindowBoard::Row;

constexpr absl::string_view kBold = "\x1b[1m";
constexpr absl::string_view kGreen = "\x1b[32m";
constexpr absl::string_view kYellow = "\x1b[33m";
constexpr absl::string_view kRed = "\x1b[31m";
constexpr absl::string_view kReset = "\x1b[0m";

// Shown windows: of those that are open at most so many, the rest final.
constexpr size_t kWindows = 4;
constexpr size_t kOpenWindows = 2;
// Shown groups of each window in a log.
constexpr size_t kLogGroups = 3;

std::string Paint(const std::string& line, absl::string_view color, const Screen& screen) {
  return screen.color ? absl::StrCat(color, line, kReset) : line;
}

std::string Clip(const std::string& line, const Screen& screen) {
  return std::string(TextPrefix(line, screen.width));
}

std::string StateText(const Window& window, const Row& row) {
  if (row.revision > 0) return absl::StrCat("corrected ", row.revision);
  return window.final ? "final" : "open";
}

std::string WindowText(const Window& window) {
  const bool same_day = absl::ToCivilDay(window.start, absl::UTCTimeZone()) ==
                        absl::ToCivilDay(window.end, absl::UTCTimeZone());
  std::string end = ShortTimeText(window.end);
  if (same_day || window.end - window.start < absl::Hours(24)) end = end.substr(11);
  return absl::StrCat(ShortTimeText(window.start), " - ", end);
}

struct PaintedTable {
  TextTable table;
  std::vector<absl::string_view> colors;
};

void AddWindow(const Window& window, size_t lines, PaintedTable* painted) {
  if (lines == 0) return;
  const bool cut = window.rows.size() > lines;
  const size_t shown = cut ? lines - 1 : window.rows.size();
  std::string title = WindowText(window);
  int64_t rest = window.accepted;
  const size_t columns =
      window.rows.empty() ? 0 : window.rows[0].group.size() + window.rows[0].values.size();
  for (size_t i = 0; i < shown; ++i) {
    const Row& row = window.rows[i];
    std::vector<std::string> cells = {title};
    cells.insert(cells.end(), row.group.begin(), row.group.end());
    cells.insert(cells.end(), row.values.begin(), row.values.end());
    cells.push_back(StateText(window, row));
    painted->table.Add(std::move(cells));
    painted->colors.push_back(window.final ? kGreen : kYellow);
    rest -= row.accepted;
    title.clear();
  }
  if (cut) {
    std::vector<std::string> cells(columns + 2);
    cells[0] = title;
    if (columns > 0) {
      cells[1] = absl::StrCat("… ", window.rows.size() - shown, " more: ", GroupedNumber(rest));
    }
    painted->table.Add(std::move(cells));
    painted->colors.push_back("");
  }
}

std::vector<TextTable::Column> Columns(const WindowBoard& board) {
  std::vector<TextTable::Column> columns = {{"WINDOW (UTC)"}};
  for (const std::string& name : board.group_names()) columns.push_back({name});
  for (const std::string& name : board.value_names()) {
    columns.push_back({name, TextTable::Align::kByContent});
  }
  columns.push_back({"STATE"});
  return columns;
}

// The windows to show, newest first.
std::vector<Window> Chosen(const WindowBoard& board) {
  std::vector<Window> chosen = board.Newest(false, kOpenWindows);
  for (Window& window : board.Newest(true, kWindows - chosen.size())) {
    chosen.push_back(std::move(window));
  }
  std::sort(chosen.begin(), chosen.end(),
            [](const Window& left, const Window& right) { return left.start > right.start; });
  return chosen;
}

// Lines for each window, so that all together have at most `lines`: equal shares, and what one does
// not need goes to the others.
std::vector<size_t> Shares(const std::vector<Window>& windows, size_t lines) {
  std::vector<size_t> shares(windows.size(), 0);
  bool given = true;
  while (lines > 0 && given) {
    given = false;
    for (size_t i = 0; i < windows.size() && lines > 0; ++i) {
      if (shares[i] < windows[i].rows.size()) {
        ++shares[i];
        --lines;
        given = true;
      }
    }
  }
  return shares;
}

std::vector<std::string> WindowLines(const WindowBoard& board, const Screen& screen,
                                     size_t height) {
  if (height < 2) return {};
  const std::vector<Window> windows = Chosen(board);
  if (windows.empty()) return {"no windows yet"};
  const std::vector<size_t> shares = Shares(windows, height - 1);
  PaintedTable painted{TextTable(Columns(board)), {kBold}};
  for (size_t i = 0; i < windows.size(); ++i) AddWindow(windows[i], shares[i], &painted);
  std::vector<std::string> lines = painted.table.Lines(screen.width);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!painted.colors[i].empty()) lines[i] = Paint(lines[i], painted.colors[i], screen);
  }
  return lines;
}

std::string Title(const WindowBoard& board, const LiveStatus& status) {
  std::string title = status.view;
  if (board.closed_through() != absl::InfinitePast()) {
    absl::StrAppend(&title, ", final through ", ShortTimeText(board.closed_through()), " UTC");
  }
  return title;
}

std::string LogLine(const Window& window) {
  std::vector<std::string> groups;
  for (size_t i = 0; i < window.rows.size() && i < kLogGroups; ++i) {
    const Row& row = window.rows[i];
    groups.push_back(
        absl::StrCat(absl::StrJoin(row.group, "/"), " ", absl::StrJoin(row.values, " ")));
  }
  if (window.rows.size() > kLogGroups) {
    groups.push_back(absl::StrCat("and ", window.rows.size() - kLogGroups, " more"));
  }
  return absl::StrCat(WindowText(window),
                      window.final ? " final: " : " open: ", GroupedNumber(window.accepted),
                      " records; ", absl::StrJoin(groups, ", "));
}

}  // namespace

std::string GroupedNumber(int64_t number) {
  std::string digits = absl::StrCat(number);
  const size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string ProgressText(const aggregator::v1::Progress& progress) {
  const auto rate = [](double value) { return GroupedNumber(std::llround(value)); };
  const int workers = progress.workers_size();
  return absl::StrCat(
      "input ", rate(progress.input_rows_per_second()), " rows/s, processed ",
      rate(progress.processed_rows_per_second()), " rows/s, watermark ",
      progress.has_watermark_time() ? ShortTimeText(ToTime(progress.watermark_time())) : "-",
      ", lag ", GroupedNumber(progress.lag_records()), " records, ", workers,
      workers == 1 ? " worker" : " workers");
}

std::vector<std::string> LiveTable(const WindowBoard& board, const LiveStatus& status,
                                   const Screen& screen) {
  std::vector<std::string> below;
  if (status.progress.has_value()) {
    below.push_back(Paint(Clip(ProgressText(*status.progress), screen), kBold, screen));
  }
  for (const std::string& trouble : status.troubles) {
    below.push_back(Paint(Clip(Printable(trouble), screen), kRed, screen));
  }
  const size_t spare = screen.height > below.size() + 1 ? screen.height - below.size() - 1 : 0;

  std::vector<std::string> lines = {Paint(Clip(Title(board, status), screen), kBold, screen)};
  for (std::string& line : WindowLines(board, screen, spare)) lines.push_back(std::move(line));
  for (std::string& line : below) lines.push_back(std::move(line));
  if (lines.size() > screen.height) lines.resize(screen.height);
  return lines;
}

std::vector<std::string> LiveLines(const WindowBoard& board, const LiveStatus& status) {
  std::vector<std::string> lines;
  for (const bool final : {false, true}) {
    for (const Window& window : board.Newest(final, 1)) {
      lines.push_back(absl::StrCat(status.view, " ", LogLine(window)));
    }
  }
  if (status.progress.has_value()) lines.push_back(ProgressText(*status.progress));
  for (const std::string& trouble : status.troubles) lines.push_back(Printable(trouble));
  return lines;
}

}  // namespace windrow::cli
