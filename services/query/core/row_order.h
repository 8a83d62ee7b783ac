#ifndef SERVICES_QUERY_CORE_ROW_ORDER_H_
#define SERVICES_QUERY_CORE_ROW_ORDER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/query/core/row_value.h"

namespace windrow::query {

// The order of a list's rows, as in AIP-132 (google.aip.dev/132): "count desc, crime_type". Null
// comes last in either direction. A value.
class RowOrder {
 public:
  // INVALID_ARGUMENT when `text` is no order. Empty: no order of its own.
  static absl::StatusOr<RowOrder> Parse(absl::string_view text);

  bool empty() const { return terms_.empty(); }

  // A string for a row whose bytes sort as the rows do; `row_key` decides between equal rows.
  std::string SortKey(RowLookup row, absl::string_view row_key) const;
  // The same but for the row's key, which is to be appended.
  void AppendSortKey(RowLookup row, std::string* key) const;

  // Columns that are named.
  std::vector<std::string> names() const;

 private:
  struct Term {
    std::string name;
    bool descending = false;
  };
  std::vector<Term> terms_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_ROW_ORDER_H_
