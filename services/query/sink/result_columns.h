#ifndef SERVICES_QUERY_SINK_RESULT_COLUMNS_H_
#define SERVICES_QUERY_SINK_RESULT_COLUMNS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/query/core/row_value.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// The value of a result at a name that a filter or an order may use: fields of the group, joined
// columns and aggregates by their names, then "accepted", "revision" and "final"; nullopt when
// there is none. Values that cannot be compared (value counts, errors) are null.
absl::optional<RowValue> ColumnOf(const v1::Result& result, absl::string_view name);

// The same of the group's fields alone, which no change of a row changes.
absl::optional<RowValue> GroupFieldOf(const v1::Result& result, absl::string_view name);

// The names of the group's fields, for people: "a, b".
std::string GroupFieldNames(const v1::Result& result);

// The value of a field; null for one that cannot be compared.
RowValue ValueOf(const results::v1::Field& field);

// INVALID_ARGUMENT, with the names there are, when the result does not have all of `names`.
absl::Status CheckColumns(const v1::Result& result, const std::vector<std::string>& names);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_RESULT_COLUMNS_H_
