#include "services/query/core/row_value.h"

namespace windrow::query {
namespace {

int Rank(const RowValue& value) {
  if (IsNull(value)) return 0;
  if (absl::holds_alternative<bool>(value)) return 1;
  return absl::holds_alternative<absl::string_view>(value) ? 3 : 2;
}

template <typename T>
int Compare(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

// Exact: a double of 2^53 and more still has whole numbers between it and the next one.
int Compare(int64_t a, double b) {
  constexpr double kTwoTo63 = 9'223'372'036'854'775'808.0;
  if (b >= kTwoTo63) return -1;
  if (b < -kTwoTo63) return 1;
  const auto whole = static_cast<int64_t>(b);
  if (a != whole) return a < whole ? -1 : 1;
  return Compare(0.0, b - static_cast<double>(whole));
}

int CompareNumbers(const RowValue& a, const RowValue& b) {
  const int64_t* const whole_a = absl::get_if<int64_t>(&a);
  const int64_t* const whole_b = absl::get_if<int64_t>(&b);
  if (whole_a != nullptr && whole_b != nullptr) return Compare(*whole_a, *whole_b);
  if (whole_a != nullptr) return Compare(*whole_a, absl::get<double>(b));
  if (whole_b != nullptr) return -Compare(*whole_b, absl::get<double>(a));
  return Compare(absl::get<double>(a), absl::get<double>(b));
}

}  // namespace

int CompareValues(const RowValue& a, const RowValue& b) {
  if (Rank(a) != Rank(b)) return Compare(Rank(a), Rank(b));
  switch (Rank(a)) {
    case 0:
      return 0;
    case 1:
      return Compare(absl::get<bool>(a), absl::get<bool>(b));
    case 2:
      return CompareNumbers(a, b);
    default:
      return Compare(absl::get<absl::string_view>(a), absl::get<absl::string_view>(b));
  }
}

}  // namespace windrow::query
