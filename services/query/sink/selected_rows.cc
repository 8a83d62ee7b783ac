#include "services/query/sink/selected_rows.h"

#include "absl/strings/str_cat.h"
#include "services/query/sink/result_columns.h"
#include "services/query/sink/result_message.h"

namespace windrow::query {
namespace {

using results::v1::Field;

struct FieldSetter {
  Field* field;

  void operator()(absl::monostate /*null*/) const {}
  void operator()(const std::string& text) const { field->set_string_value(text); }
  void operator()(int64_t number) const { field->set_int_value(number); }
  void operator()(double number) const { field->set_double_value(number); }
  void operator()(bool truth) const { field->set_bool_value(truth); }
  void operator()(ValueOverflow /*error*/) const {
    field->set_error(results::v1::VALUE_ERROR_OVERFLOW);
  }
};

}  // namespace

absl::Status SelectedRows::Scan(int64_t start_us, int64_t end_us,
                                absl::FunctionRef<bool(const StoredRow&, v1::Result&)> visit) {
  absl::Status taken;
  const auto take = [&](const StoredRow& row) {
    ++scanned_;
    v1::Result result;
    taken = caller_.Check();
    if (taken.ok()) taken = ToResult(row, view_, content_.results(), &result);
    // Rows of a view have the same columns.
    if (taken.ok() && !names_checked_) taken = CheckColumns(result, filter_.names());
    if (!taken.ok()) return false;
    names_checked_ = true;
    const bool wanted =
        filter_.Matches([&result](absl::string_view name) { return ColumnOf(result, name); });
    return !wanted || visit(row, result);
  };
  const absl::Status scanned = content_.ScanRows(view_, start_us, end_us, "", take);
  return taken.ok() ? scanned : taken;
}

absl::optional<RowValue> AggregateOf(const v1::Result& result, absl::string_view name) {
  // Aggregates come last.
  for (int i = result.values_size() - 1; i >= 0; --i) {
    const Field& field = result.values(i);
    if (field.name() != name) continue;
    if (field.value_case() == Field::kError) return absl::nullopt;
    return ValueOf(field);
  }
  return RowValue();
}

void AddTotals(const RowTotal& total, google::protobuf::RepeatedPtrField<Field>* fields) {
  for (const RowTotal::Column& column : total.columns()) {
    Field* const field = fields->Add();
    field->set_name(column.name);
    absl::visit(FieldSetter{field}, column.total.value());
  }
}

}  // namespace windrow::query
