#ifndef SERVICES_AGGREGATOR_CORE_JSON_NUMBER_H_
#define SERVICES_AGGREGATOR_CORE_JSON_NUMBER_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace windrow::aggregator {

// Whether the whole text is a number by JSON's grammar (RFC 8259, section 6), however large:
// "-1.50e3", not "+1", "01", ".5", " 1" or "NaN".
bool IsJsonNumber(absl::string_view text);

// A number as a comparison sees it.
struct JsonNumber {
  // Whether it is spelled without fraction and exponent and fits 64 bits.
  bool is_whole = false;
  // Valid when is_whole.
  int64_t whole = 0;
  // The nearest double; infinite beyond the largest one.
  double value = 0;
};

// nullopt unless IsJsonNumber(text). Does not allocate.
absl::optional<JsonNumber> ReadJsonNumber(absl::string_view text);

// Less than zero, zero or more than zero as a is less than, equal to or larger than b: exact when
// both are whole, else by the doubles.
int Compare(const JsonNumber& a, const JsonNumber& b);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_JSON_NUMBER_H_
