#include "clients/cli/text_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/text_width.h"

namespace windrow::cli {
namespace {

constexpr size_t kGap = 2;
constexpr size_t kLeastWidth = 8;

std::string Fit(const std::string& cell, size_t width, bool right) {
  const size_t columns = TextWidth(cell);
  if (columns > width) {
    const absl::string_view kept = TextPrefix(cell, width == 0 ? 0 : width - 1);
    return absl::StrCat(kept, width == 0 ? "" : "…");
  }
  const std::string space(width - columns, ' ');
  return right ? absl::StrCat(space, cell) : absl::StrCat(cell, space);
}

}  // namespace

void TextTable::Add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<size_t> TextTable::Widths(size_t max_width) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = TextWidth(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, TextWidth(row[i]));
    widths.push_back(width);
  }
  if (max_width == 0 || widths.empty()) return widths;
  const size_t gaps = kGap * (widths.size() - 1);
  const size_t total = std::accumulate(widths.begin(), widths.end(), gaps);
  if (total > max_width) {
    size_t widest = 0;
    for (size_t i = 1; i < widths.size(); ++i) {
      if (widths[i] > widths[widest]) widest = i;
    }
    const size_t excess = total - max_width;
    widths[widest] = widths[widest] > excess + kLeastWidth ? widths[widest] - excess : kLeastWidth;
  }
  return widths;
}

bool TextTable::AlignedRight(size_t column) const {
  if (columns_[column].align != Align::kByContent) return columns_[column].align == Align::kRight;
  return std::all_of(rows_.begin(), rows_.end(), [column](const auto& row) {
    double ignored = 0;
    return row[column].empty() || row[column] == "-" || absl::SimpleAtod(row[column], &ignored);
  });
}

std::vector<std::string> TextTable::Lines(size_t max_width) const {
  const std::vector<size_t> widths = Widths(max_width);
  std::vector<bool> right;
  for (size_t i = 0; i < columns_.size(); ++i) right.push_back(AlignedRight(i));
  const auto line = [&](const auto& cell_of) {
    std::vector<std::string> cells;
    for (size_t i = 0; i < columns_.size(); ++i) {
      cells.push_back(Fit(cell_of(i), widths[i], right[i]));
    }
    std::string text = absl::StrJoin(cells, std::string(kGap, ' '));
    if (max_width > 0) text = std::string(TextPrefix(text, max_width));
    absl::StripTrailingAsciiWhitespace(&text);
    return text;
  };
  std::vector<std::string> lines;
  lines.push_back(line([this](size_t i) { return columns_[i].title; }));
  for (const auto& row : rows_) {
    lines.push_back(line([&row](size_t i) { return row[i]; }));
  }
  return lines;
}

std::string TextTable::Text() const { return absl::StrCat(absl::StrJoin(Lines(), "\n"), "\n"); }

}  // namespace windrow::cli
