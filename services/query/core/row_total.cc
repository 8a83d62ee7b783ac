#include "services/query/core/row_total.h"

#include <limits>

namespace windrow::query {
namespace {

TotalValue ToTotalValue(const RowValue& value) {
  if (const auto* const text = absl::get_if<absl::string_view>(&value)) return std::string(*text);
  if (const auto* const whole = absl::get_if<int64_t>(&value)) return *whole;
  if (const auto* const number = absl::get_if<double>(&value)) return *number;
  if (const auto* const truth = absl::get_if<bool>(&value)) return *truth;
  return absl::monostate();
}

}  // namespace

RowValue ToRowValue(const TotalValue& value) {
  if (const auto* const text = absl::get_if<std::string>(&value)) return absl::string_view(*text);
  if (const auto* const whole = absl::get_if<int64_t>(&value)) return *whole;
  if (const auto* const number = absl::get_if<double>(&value)) return *number;
  if (const auto* const truth = absl::get_if<bool>(&value)) return *truth;
  return absl::monostate();
}

void ValueTotal::Add(const RowValue& value) {
  if (IsNull(value)) return;
  if (rule_ == TotalRule::kSum) {
    AddNumber(value);
    return;
  }
  const RowValue best = ToRowValue(best_);
  const int order = CompareValues(value, best);
  const bool better = rule_ == TotalRule::kLeast ? order < 0 : order > 0;
  if (IsNull(best) || better) best_ = ToTotalValue(value);
}

void ValueTotal::AddNumber(const RowValue& value) {
  if (const auto* const whole = absl::get_if<int64_t>(&value)) {
    has_whole_ = true;
    whole_ += *whole;
  } else if (const auto* const number = absl::get_if<double>(&value)) {
    has_double_ = true;
    doubles_.Add(*number);
  }
}

TotalValue ValueTotal::Sum() const {
  if (has_double_) {
    DoubleSum sum = doubles_;
    if (has_whole_) sum.Add(static_cast<double>(whole_));
    const absl::optional<double> rounded = sum.Round();
    if (!rounded.has_value()) return ValueOverflow();
    return *rounded;
  }
  if (!has_whole_) return absl::monostate();
  if (whole_ > std::numeric_limits<int64_t>::max() ||
      whole_ < std::numeric_limits<int64_t>::min()) {
    return ValueOverflow();
  }
  return static_cast<int64_t>(whole_);
}

TotalValue ValueTotal::value() const {
  if (overflow_) return ValueOverflow();
  return rule_ == TotalRule::kSum ? Sum() : best_;
}

RowTotal::RowTotal(const ViewDefinition& view) {
  for (const AggregateDefinition& aggregate : view.aggregates) {
    if (aggregate.total_rule == TotalRule::kNone) continue;
    columns_.push_back({aggregate.name, ValueTotal(aggregate.total_rule)});
  }
}

void RowTotal::Add(int64_t accepted, RowLookup row) {
  ++rows_;
  accepted_ += static_cast<uint64_t>(accepted);
  for (Column& column : columns_) {
    const absl::optional<RowValue> value = row(column.name);
    value.has_value() ? column.total.Add(*value) : column.total.AddOverflow();
  }
}

}  // namespace windrow::query
