#ifndef SERVICES_QUERY_CORE_ROW_VALUE_H_
#define SERVICES_QUERY_CORE_ROW_VALUE_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/variant.h"

namespace windrow::query {

// A value of a row that can be compared: null, text, a whole number, a number or a truth value.
// Text is a view into the row.
using RowValue = absl::variant<absl::monostate, absl::string_view, int64_t, double, bool>;

inline bool IsNull(const RowValue& value) {
  return absl::holds_alternative<absl::monostate>(value);
}

// The value of a row at a name; nullopt when the row has no such column.
using RowLookup = absl::FunctionRef<absl::optional<RowValue>(absl::string_view name)>;

// Less than 0, 0 or more: null first, then truth values, numbers of both kinds by size, text by its
// bytes.
int CompareValues(const RowValue& a, const RowValue& b);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_ROW_VALUE_H_
