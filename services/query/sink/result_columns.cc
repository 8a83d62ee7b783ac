#include "services/query/sink/result_columns.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace windrow::query {
namespace {

using results::v1::Field;

// For people: "a, b, accepted, revision, final".
std::string ColumnNames(const v1::Result& result) {
  std::string names;
  for (const auto* const fields : {&result.group(), &result.values()}) {
    for (const Field& field : *fields) absl::StrAppend(&names, field.name(), ", ");
  }
  return absl::StrCat(names, "accepted, revision, final");
}

}  // namespace

RowValue ValueOf(const Field& field) {
  switch (field.value_case()) {
    case Field::kStringValue:
      return absl::string_view(field.string_value());
    case Field::kIntValue:
      return int64_t{field.int_value()};
    case Field::kDoubleValue:
      return field.double_value();
    case Field::kBoolValue:
      return field.bool_value();
    default:
      return RowValue();
  }
}

absl::optional<RowValue> GroupFieldOf(const v1::Result& result, absl::string_view name) {
  for (const Field& field : result.group()) {
    if (field.name() == name) return ValueOf(field);
  }
  return absl::nullopt;
}

std::string GroupFieldNames(const v1::Result& result) {
  return absl::StrJoin(result.group(), ", ", [](std::string* names, const Field& field) {
    absl::StrAppend(names, field.name());
  });
}

absl::optional<RowValue> ColumnOf(const v1::Result& result, absl::string_view name) {
  for (const auto* const fields : {&result.group(), &result.values()}) {
    for (const Field& field : *fields) {
      if (field.name() == name) return ValueOf(field);
    }
  }
  if (name == "accepted") return RowValue(int64_t{result.accepted()});
  if (name == "revision") return RowValue(int64_t{result.revision()});
  if (name == "final") return RowValue(result.final());
  return absl::nullopt;
}

absl::Status CheckColumns(const v1::Result& result, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (ColumnOf(result, name).has_value()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name, "\" is no column of the view; there are ", ColumnNames(result)));
  }
  return absl::OkStatus();
}

}  // namespace windrow::query
