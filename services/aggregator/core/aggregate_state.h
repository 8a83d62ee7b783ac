#ifndef SERVICES_AGGREGATOR_CORE_AGGREGATE_STATE_H_
#define SERVICES_AGGREGATOR_CORE_AGGREGATE_STATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/variant.h"
#include "services/aggregator/core/aggregate_plan.h"
#include "services/aggregator/core/distinct_values.h"
#include "services/aggregator/core/exact_sum.h"

namespace windrow::aggregator {

// A field's value, read as its type says; text is a view of the record.
using InputValue = absl::variant<double, int64_t, absl::string_view>;

// Reads a field's text; nullopt when it spells no value of the type. Numbers are spelled as in
// JSON.
absl::optional<InputValue> ReadInput(absl::string_view text, ValueType type);

struct IntegerSum {
  absl::int128 sum = 0;
  uint64_t count = 0;
};

struct DoubleSum {
  ExactSum sum;
  uint64_t count = 0;
};

// Texts and how often each occurs.
struct Frequencies {
  absl::btree_map<std::string, uint64_t> counts;
  // Memory in use, about.
  size_t bytes = 0;

  void Add(absl::string_view text, uint64_t count);
};

// What one aggregate holds of the values it has seen: nothing; the number of values; a sum; the
// least or largest integer, double or text; a set; frequencies. States of the same values are the
// same in whatever order these were added and merged.
using AggregateState = absl::variant<absl::monostate, uint64_t, IntegerSum, DoubleSum, int64_t,
                                     double, std::string, DistinctValues, Frequencies>;

// `value` has the plan's type, and `state` is of the plan's kind or nothing.
void AddValue(const AggregatePlan& plan, const InputValue& value, AggregateState* state);
void MergeState(const AggregatePlan& plan, const AggregateState& other, AggregateState* state);
// Whether a state that comes from outside can be one of this plan.
bool FitsPlan(const AggregatePlan& plan, const AggregateState& state);
size_t StateBytes(const AggregateState& state);

// Why there is no value.
enum class ValueError { kOverflow };
using ValueCounts = std::vector<std::pair<std::string, uint64_t>>;
// The value of an aggregate in a row; monostate is null.
using AggregateValue =
    absl::variant<absl::monostate, int64_t, double, std::string, ValueCounts, ValueError>;
AggregateValue ResultOf(const AggregatePlan& plan, const AggregateState& state);

// The states of a cell, by the view's aggregates that have one. Shared between the cells of frames,
// panes and snapshots until one of them changes it.
using CellStates = std::vector<AggregateState>;
using SharedStates = std::shared_ptr<CellStates>;

// Merges `other`, which may be null, into `states`, which may be shared with others or null; plans
// are those with a state.
void MergeStates(const std::vector<AggregatePlan>& plans, const SharedStates& other,
                 SharedStates* states);
size_t StatesBytes(const SharedStates& states);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_AGGREGATE_STATE_H_
