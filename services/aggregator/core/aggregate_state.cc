#include "services/aggregator/core/aggregate_state.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "services/aggregator/core/json_number.h"

namespace windrow::aggregator {
namespace {

// Of a tree's node and a string, about.
constexpr size_t kValueOverhead = 56;

// The state as a T, which it becomes if it was nothing.
template <typename T>
T& As(AggregateState* state) {
  T* held = absl::get_if<T>(state);
  return held != nullptr ? *held : state->emplace<T>();
}

// Puts `value` into the state if there is none or if it is beyond the one held.
template <typename T, typename Value>
void Extend(const AggregatePlan& plan, const Value& value, AggregateState* state) {
  const T* held = absl::get_if<T>(state);
  const bool beyond =
      held == nullptr || (plan.function == AggregateFunction::kMin ? Value(value) < Value(*held)
                                                                   : Value(*held) < Value(value));
  if (beyond) state->emplace<T>(value);
}

void ExtendBy(const AggregatePlan& plan, const InputValue& value, AggregateState* state) {
  switch (plan.type) {
    case ValueType::kDouble:
      return Extend<double>(plan, absl::get<double>(value), state);
    case ValueType::kInteger:
      return Extend<int64_t>(plan, absl::get<int64_t>(value), state);
    case ValueType::kText:
      return Extend<std::string>(plan, absl::get<absl::string_view>(value), state);
  }
}

void AddToSum(const AggregatePlan& plan, const InputValue& value, AggregateState* state) {
  if (plan.type == ValueType::kInteger) {
    IntegerSum& sum = As<IntegerSum>(state);
    sum.sum += absl::get<int64_t>(value);
    ++sum.count;
  } else {
    DoubleSum& sum = As<DoubleSum>(state);
    sum.sum.Add(absl::get<double>(value));
    ++sum.count;
  }
}

AggregateValue SumOf(const IntegerSum& sum) {
  if (sum.sum < std::numeric_limits<int64_t>::min() ||
      sum.sum > std::numeric_limits<int64_t>::max()) {
    return ValueError::kOverflow;
  }
  return static_cast<int64_t>(sum.sum);
}

AggregateValue SumOf(const DoubleSum& sum) {
  const absl::optional<double> rounded = sum.sum.Round();
  return rounded.has_value() ? AggregateValue(*rounded) : ValueError::kOverflow;
}

// The compiler's own type is rounded once; Abseil's conversion rounds both halves and their sum.
double NearestDouble(absl::int128 integer) {
  __extension__ typedef __int128 Wide;
  return static_cast<double>(static_cast<Wide>(integer));
}

AggregateValue MeanOf(const AggregateState& state) {
  if (const auto* integers = absl::get_if<IntegerSum>(&state)) {
    return NearestDouble(integers->sum) / static_cast<double>(integers->count);
  }
  const auto* doubles = absl::get_if<DoubleSum>(&state);
  if (doubles == nullptr) return absl::monostate();
  const absl::optional<double> sum = doubles->sum.Round();
  if (!sum.has_value()) return ValueError::kOverflow;
  return *sum / static_cast<double>(doubles->count);
}

ValueCounts MostFrequent(const Frequencies& frequencies, size_t count) {
  ValueCounts counts(frequencies.counts.begin(), frequencies.counts.end());
  const auto more_frequent = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const size_t kept = std::min(count, counts.size());
  std::partial_sort(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(kept),
                    counts.end(), more_frequent);
  counts.resize(kept);
  return counts;
}

}  // namespace

absl::optional<InputValue> ReadInput(absl::string_view text, ValueType type) {
  if (type == ValueType::kText) return InputValue(text);
  const absl::optional<JsonNumber> number = ReadJsonNumber(text);
  if (!number.has_value()) return absl::nullopt;
  if (type == ValueType::kInteger) {
    return number->is_whole ? absl::make_optional(InputValue(number->whole)) : absl::nullopt;
  }
  if (!std::isfinite(number->value)) return absl::nullopt;
  // Of the two zeros one.
  return InputValue(number->value + 0.0);
}

void Frequencies::Add(absl::string_view text, uint64_t count) {
  const auto found = counts.find(text);
  if (found != counts.end()) {
    found->second += count;
    return;
  }
  counts.emplace(std::string(text), count);
  bytes += kValueOverhead + text.size();
}

void AddValue(const AggregatePlan& plan, const InputValue& value, AggregateState* state) {
  switch (plan.function) {
    case AggregateFunction::kCount:
      ++As<uint64_t>(state);
      return;
    case AggregateFunction::kSum:
    case AggregateFunction::kAvg:
      return AddToSum(plan, value, state);
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
      return ExtendBy(plan, value, state);
    case AggregateFunction::kCountDistinct:
      As<DistinctValues>(state).Add(absl::get<absl::string_view>(value), plan.limit);
      return;
    case AggregateFunction::kTopK:
      As<Frequencies>(state).Add(absl::get<absl::string_view>(value), 1);
      return;
  }
}

void MergeState(const AggregatePlan& plan, const AggregateState& other, AggregateState* state) {
  if (absl::holds_alternative<absl::monostate>(other)) return;
  if (absl::holds_alternative<absl::monostate>(*state)) {
    *state = other;
    return;
  }
  if (const auto* count = absl::get_if<uint64_t>(&other)) {
    As<uint64_t>(state) += *count;
  } else if (const auto* integers = absl::get_if<IntegerSum>(&other)) {
    As<IntegerSum>(state).sum += integers->sum;
    As<IntegerSum>(state).count += integers->count;
  } else if (const auto* doubles = absl::get_if<DoubleSum>(&other)) {
    As<DoubleSum>(state).sum.Add(doubles->sum);
    As<DoubleSum>(state).count += doubles->count;
  } else if (const auto* integer = absl::get_if<int64_t>(&other)) {
    Extend<int64_t>(plan, *integer, state);
  } else if (const auto* number = absl::get_if<double>(&other)) {
    Extend<double>(plan, *number, state);
  } else if (const auto* text = absl::get_if<std::string>(&other)) {
    Extend<std::string>(plan, absl::string_view(*text), state);
  } else if (const auto* distinct = absl::get_if<DistinctValues>(&other)) {
    As<DistinctValues>(state).Merge(*distinct, plan.limit);
  } else if (const auto* frequencies = absl::get_if<Frequencies>(&other)) {
    for (const auto& entry : frequencies->counts) {
      As<Frequencies>(state).Add(entry.first, entry.second);
    }
  }
}

bool FitsPlan(const AggregatePlan& plan, const AggregateState& state) {
  if (absl::holds_alternative<absl::monostate>(state)) return true;
  switch (plan.function) {
    case AggregateFunction::kCount:
      return absl::holds_alternative<uint64_t>(state);
    case AggregateFunction::kSum:
    case AggregateFunction::kAvg:
      return plan.type == ValueType::kInteger ? absl::holds_alternative<IntegerSum>(state)
                                              : absl::holds_alternative<DoubleSum>(state);
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
      switch (plan.type) {
        case ValueType::kDouble:
          return absl::holds_alternative<double>(state);
        case ValueType::kInteger:
          return absl::holds_alternative<int64_t>(state);
        case ValueType::kText:
          return absl::holds_alternative<std::string>(state);
      }
      return false;
    case AggregateFunction::kCountDistinct:
      return absl::holds_alternative<DistinctValues>(state);
    case AggregateFunction::kTopK:
      return absl::holds_alternative<Frequencies>(state);
  }
  return false;
}

size_t StateBytes(const AggregateState& state) {
  if (const auto* text = absl::get_if<std::string>(&state)) return text->size();
  if (const auto* sum = absl::get_if<DoubleSum>(&state)) return sum->sum.bytes();
  if (const auto* distinct = absl::get_if<DistinctValues>(&state)) return distinct->bytes();
  if (const auto* frequencies = absl::get_if<Frequencies>(&state)) return frequencies->bytes;
  return 0;
}

AggregateValue ResultOf(const AggregatePlan& plan, const AggregateState& state) {
  switch (plan.function) {
    case AggregateFunction::kCount: {
      const auto* count = absl::get_if<uint64_t>(&state);
      return count == nullptr ? int64_t{0} : static_cast<int64_t>(*count);
    }
    case AggregateFunction::kSum:
      if (const auto* sum = absl::get_if<IntegerSum>(&state)) return SumOf(*sum);
      if (const auto* sum = absl::get_if<DoubleSum>(&state)) return SumOf(*sum);
      return absl::monostate();
    case AggregateFunction::kAvg:
      return MeanOf(state);
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
      if (const auto* integer = absl::get_if<int64_t>(&state)) return *integer;
      if (const auto* number = absl::get_if<double>(&state)) return *number;
      if (const auto* text = absl::get_if<std::string>(&state)) return *text;
      return absl::monostate();
    case AggregateFunction::kCountDistinct: {
      const auto* distinct = absl::get_if<DistinctValues>(&state);
      return distinct == nullptr ? int64_t{0} : static_cast<int64_t>(distinct->Count());
    }
    case AggregateFunction::kTopK: {
      const auto* frequencies = absl::get_if<Frequencies>(&state);
      return frequencies == nullptr ? ValueCounts() : MostFrequent(*frequencies, plan.limit);
    }
  }
  return absl::monostate();
}

void MergeStates(const std::vector<AggregatePlan>& plans, const SharedStates& other,
                 SharedStates* states) {
  if (other == nullptr) return;
  if (*states == nullptr) {
    *states = other;
    return;
  }
  if (states->use_count() > 1) {
    *states = std::make_shared<CellStates>(**states);
  } else {
    // What another thread has read before it let go, it has read before we write.
    std::atomic_thread_fence(std::memory_order_acquire);
  }
  for (size_t i = 0; i < plans.size(); ++i) MergeState(plans[i], (*other)[i], &(**states)[i]);
}

size_t StatesBytes(const SharedStates& states) {
  if (states == nullptr) return 0;
  size_t bytes = sizeof(CellStates) + states->size() * sizeof(AggregateState);
  for (const AggregateState& state : *states) bytes += StateBytes(state);
  return bytes;
}

}  // namespace windrow::aggregator
