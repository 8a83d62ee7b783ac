#ifndef CLIENTS_CLI_TEXT_TABLE_H_
#define CLIENTS_CLI_TEXT_TABLE_H_

#include <string>
#include <vector>

namespace windrow::cli {

// A table for people: columns as wide as their widest cell, two spaces between them. Cells must be
// printable. A plain value.
class TextTable {
 public:
  // kByContent: right when every cell is a number or "-".
  enum class Align { kLeft, kRight, kByContent };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Adds a row; it has as many cells as there are columns.
  void Add(std::vector<std::string> cells);

  // The title line and the rows, without trailing spaces, each at most `max_width` columns wide
  // (0: as wide as it is). The widest column of text gives way.
  std::vector<std::string> Lines(size_t max_width = 0) const;

  // Lines() with line ends.
  std::string Text() const;

 private:
  std::vector<size_t> Widths(size_t max_width) const;
  bool AlignedRight(size_t column) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_TEXT_TABLE_H_
