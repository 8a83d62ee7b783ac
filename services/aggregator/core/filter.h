#ifndef SERVICES_AGGREGATOR_CORE_FILTER_H_
#define SERVICES_AGGREGATOR_CORE_FILTER_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "services/aggregator/core/json_number.h"

namespace windrow::aggregator {

// Which records a view takes, such as
//   size <= 3 and kind in ("small", "flat") and not exists owner
// The language is documented at View.filter in pipeline.proto and in docs/semantics.md. Its
// grammar, with white space between words and keywords in lower case:
//   filter     = conjunction { "or" conjunction }
//   conjunction = term { "and" term }
//   term       = "not" term | "(" filter ")" | "exists" field
//              | field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) literal
//              | field "in" "(" literal { "," literal } ")"
//   field      = name | "`" any but a backquote "`"
//   literal    = text | number | "true" | "false"
// Immutable but for Bind; safe to evaluate from several threads.
class Filter {
 public:
  static constexpr size_t kMaxBytes = 4096;
  // Parentheses and nots within each other.
  static constexpr int kMaxDepth = 64;

  // INVALID_ARGUMENT with the column, counted in characters from 1, and what was expected there.
  static absl::StatusOr<Filter> Parse(absl::string_view text);

  // Names of the fields that are compared, each once.
  const std::vector<std::string>& fields() const { return fields_; }

  // Says where in Matches' values the fields stand: fields()[i] at positions[i]. Until then they
  // stand in the order of fields().
  void Bind(std::vector<int> positions) { positions_ = std::move(positions); }

  // Whether the record with these fields, nullopt where missing or null, is taken. Does not
  // allocate.
  bool Matches(absl::Span<const absl::optional<absl::string_view>> values) const;

 private:
  class Parser;

  enum class Operator {
    kEqual,
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kIn,
    kExists
  };

  // Where evaluation ends, in place of a test's number.
  static constexpr int kTake = -1;
  static constexpr int kLeave = -2;
  // One comparison, and the numbers of the tests to go on with.
  struct Test {
    Operator op = Operator::kExists;
    // Index into fields_.
    int field = 0;
    // What the field is compared with: for kIn any number of both, the texts sorted; else one.
    std::vector<std::string> texts;
    std::vector<JsonNumber> numbers;
    int if_true = kTake;
    int if_false = kLeave;
  };

  Filter() = default;

  static bool Holds(const Test& test, absl::optional<absl::string_view> value);
  static bool Holds(Operator op, int order);

  // And, or and not are nothing but where each test goes on, so that evaluating is a walk from test
  // to test, each at most once.
  std::vector<Test> tests_;
  int first_ = kTake;
  std::vector<std::string> fields_;
  std::vector<int> positions_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_FILTER_H_
