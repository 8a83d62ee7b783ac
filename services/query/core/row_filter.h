#ifndef SERVICES_QUERY_CORE_ROW_FILTER_H_
#define SERVICES_QUERY_CORE_ROW_FILTER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/query/core/row_value.h"

namespace windrow::query {

// Which rows a list wants, in the language of AIP-160 (google.aip.dev/160):
//
//   count >= 10 AND (crime_type = "Traffic Stop" OR crime_type = "Audible*") AND NOT description:*
//
// Comparisons are = != < <= > >= and ":"; "name:*" is that there is a value, "name:text" that text
// contains it. NOT (or "-") binds most, then OR, then AND, as AIP-160 has it. A literal is text in
// double or single quotes or a bare word; beside a number it is read as a number. In = and != a "*"
// at the beginning or the end of text stands for anything. A comparison with null is false. A
// value; copies are cheap.
class RowFilter {
 public:
  static constexpr size_t kMaxBytes = 4096;

  // Takes all rows.
  RowFilter() = default;

  // INVALID_ARGUMENT, with the place, when `text` is no filter. Empty: all rows.
  static absl::StatusOr<RowFilter> Parse(absl::string_view text);

  bool Matches(RowLookup row) const;

  // Columns that are named.
  const std::vector<std::string>& names() const { return names_; }

  // A node of the parsed expression; only for the parser.
  struct Node;

 private:
  std::shared_ptr<const Node> root_;
  std::vector<std::string> names_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_ROW_FILTER_H_
