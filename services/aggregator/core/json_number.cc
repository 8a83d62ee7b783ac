#include "services/aggregator/core/json_number.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace windrow::aggregator {
namespace {

size_t DigitsAt(absl::string_view text, size_t begin) {
  size_t end = begin;
  while (end < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[end]))) ++end;
  return end - begin;
}

template <typename Value>
int CompareValues(Value a, Value b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

}  // namespace

bool IsJsonNumber(absl::string_view text) {
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  const size_t whole = DigitsAt(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = DigitsAt(text, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t exponent = DigitsAt(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

absl::optional<JsonNumber> ReadJsonNumber(absl::string_view text) {
  if (!IsJsonNumber(text)) return absl::nullopt;
  JsonNumber number;
  // Refuses fractions, exponents, and what does not fit.
  if (absl::SimpleAtoi(text, &number.whole)) {
    number.is_whole = true;
    number.value = static_cast<double>(number.whole);
  } else {
    // Cannot fail on a number of JSON: what is too large becomes infinite.
    (void)absl::SimpleAtod(text, &number.value);
  }
  return number;
}

int Compare(const JsonNumber& a, const JsonNumber& b) {
  return a.is_whole && b.is_whole ? CompareValues(a.whole, b.whole)
                                  : CompareValues(a.value, b.value);
}

}  // namespace windrow::aggregator
