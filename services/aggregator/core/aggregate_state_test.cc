#include "services/aggregator/core/aggregate_state.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace windrow::aggregator {
namespace {

AggregatePlan Plan(AggregateFunction function, ValueType type, int limit = 3) {
  AggregatePlan plan;
  plan.function = function;
  plan.input = 0;
  plan.type = type;
  plan.limit = limit;
  return plan;
}

AggregateState StateOf(const AggregatePlan& plan, const std::vector<std::string>& texts) {
  AggregateState state;
  for (const std::string& text : texts) {
    const absl::optional<InputValue> value = ReadInput(text, plan.type);
    EXPECT_TRUE(value.has_value()) << text;
    if (value.has_value()) AddValue(plan, *value, &state);
  }
  EXPECT_TRUE(FitsPlan(plan, state));
  return state;
}

// The value of all texts, which must be the same from two states that are merged, either way.
AggregateValue ValueOf(const AggregatePlan& plan, const std::vector<std::string>& texts) {
  const AggregateValue value = ResultOf(plan, StateOf(plan, texts));
  for (size_t split = 0; split <= texts.size(); ++split) {
    const auto middle = texts.begin() + static_cast<std::ptrdiff_t>(split);
    const AggregateState first = StateOf(plan, {texts.begin(), middle});
    const AggregateState second = StateOf(plan, {middle, texts.end()});
    AggregateState merged = first;
    MergeState(plan, second, &merged);
    EXPECT_EQ(ResultOf(plan, merged), value);
    merged = second;
    MergeState(plan, first, &merged);
    EXPECT_EQ(ResultOf(plan, merged), value);
  }
  return value;
}

TEST(ReadInputTest, ReadsIntegers) {
  const auto read = [](const char* text) { return ReadInput(text, ValueType::kInteger); };
  EXPECT_EQ(read("-9223372036854775808"), InputValue(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(read("9223372036854775807"), InputValue(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(read("-0"), InputValue(int64_t{0}));
  for (const char* text : {"9223372036854775808", "1.0", "1e3", "+1", "01", " 1", "", "a"}) {
    EXPECT_EQ(read(text), absl::nullopt) << text;
  }
}

TEST(ReadInputTest, ReadsDoubles) {
  const auto read = [](const char* text) { return ReadInput(text, ValueType::kDouble); };
  EXPECT_EQ(read("0.1"), InputValue(0.1));
  EXPECT_EQ(read("1e-400"), InputValue(0.0));
  EXPECT_EQ(read("9007199254740993"), InputValue(9007199254740992.0));
  EXPECT_FALSE(std::signbit(absl::get<double>(*read("-0.0"))));
  for (const char* text : {"1e309", "-1e309", "NaN", "inf", ".5", "0x10", ""}) {
    EXPECT_EQ(read(text), absl::nullopt) << text;
  }
}

TEST(AggregateStateTest, WithoutValuesThereIsNull) {
  using F = AggregateFunction;
  for (const F function : {F::kSum, F::kMin, F::kMax, F::kAvg}) {
    EXPECT_EQ(ValueOf(Plan(function, ValueType::kDouble), {}), AggregateValue());
  }
  EXPECT_EQ(ValueOf(Plan(F::kCount, ValueType::kText), {}), AggregateValue(int64_t{0}));
  EXPECT_EQ(ValueOf(Plan(F::kCountDistinct, ValueType::kText), {}), AggregateValue(int64_t{0}));
  EXPECT_EQ(ValueOf(Plan(F::kTopK, ValueType::kText), {}), AggregateValue(ValueCounts()));
}

TEST(AggregateStateTest, SumsIntegersAndOverflowsByTheWholeSum) {
  const AggregatePlan plan = Plan(AggregateFunction::kSum, ValueType::kInteger);
  const std::string largest = "9223372036854775807";
  EXPECT_EQ(ValueOf(plan, {"1", "-3"}), AggregateValue(int64_t{-2}));
  EXPECT_EQ(ValueOf(plan, {largest, "1"}), AggregateValue(ValueError::kOverflow));
  EXPECT_EQ(ValueOf(plan, {largest, "1", "-1"}),
            AggregateValue(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(ValueOf(plan, {"-9223372036854775808", "-1"}), AggregateValue(ValueError::kOverflow));
}

TEST(AggregateStateTest, SumsDoubles) {
  const AggregatePlan plan = Plan(AggregateFunction::kSum, ValueType::kDouble);
  EXPECT_EQ(ValueOf(plan, std::vector<std::string>(10, "0.1")), AggregateValue(1.0));
  EXPECT_EQ(ValueOf(plan, {"1e308", "1e308"}), AggregateValue(ValueError::kOverflow));
  EXPECT_EQ(ValueOf(plan, {"1e308", "1e308", "-1e308"}), AggregateValue(1e308));
}

TEST(AggregateStateTest, Averages) {
  EXPECT_EQ(ValueOf(Plan(AggregateFunction::kAvg, ValueType::kInteger), {"1", "2"}),
            AggregateValue(1.5));
  const std::string largest = "9223372036854775807";
  EXPECT_EQ(ValueOf(Plan(AggregateFunction::kAvg, ValueType::kInteger), {largest, largest}),
            AggregateValue(9223372036854775808.0))
      << "no overflow: the sum is no result";
  // 2050 - 3 × 2^63 lies beyond the middle of two doubles; its halves of 64 bits, rounded, do not.
  const std::string least = "-9223372036854775808";
  EXPECT_EQ(
      ValueOf(Plan(AggregateFunction::kAvg, ValueType::kInteger), {least, least, least, "2050"}),
      AggregateValue(-0x1.7ffffffffffffp+62));
  EXPECT_EQ(ValueOf(Plan(AggregateFunction::kAvg, ValueType::kDouble), {"0.1", "0.2", "0.3"}),
            AggregateValue(0.6 / 3));
}

TEST(AggregateStateTest, FindsExtremes) {
  using F = AggregateFunction;
  EXPECT_EQ(ValueOf(Plan(F::kMin, ValueType::kInteger), {"10", "9"}), AggregateValue(int64_t{9}));
  EXPECT_EQ(ValueOf(Plan(F::kMax, ValueType::kDouble), {"-1", "-2.5"}), AggregateValue(-1.0));
  EXPECT_EQ(ValueOf(Plan(F::kMin, ValueType::kText), {"10", "9"}),
            AggregateValue(std::string("10")));
  EXPECT_EQ(ValueOf(Plan(F::kMax, ValueType::kText), {"z", "\xC3\xA9"}),
            AggregateValue(std::string("\xC3\xA9")))
      << "by bytes";
}

TEST(AggregateStateTest, ListsTheMostFrequent) {
  const AggregatePlan plan = Plan(AggregateFunction::kTopK, ValueType::kText, 2);
  EXPECT_EQ(ValueOf(plan, {"b", "a", "c", "c", "b", "a"}),
            AggregateValue(ValueCounts{{"a", 2}, {"b", 2}}));
  EXPECT_EQ(ValueOf(plan, {"x"}), AggregateValue(ValueCounts{{"x", 1}}));
}

TEST(AggregateStateTest, CountsDistinct) {
  const AggregatePlan plan = Plan(AggregateFunction::kCountDistinct, ValueType::kText);
  EXPECT_EQ(ValueOf(plan, {"a", "b", "a"}), AggregateValue(int64_t{2}));
  EXPECT_EQ(ValueOf(plan, {"a", "b", "c", "d"}), AggregateValue(int64_t{4})) << "an estimate";
}

TEST(AggregateStateTest, SharedStatesAreCopiedBeforeTheyChange) {
  const std::vector<AggregatePlan> plans = {Plan(AggregateFunction::kSum, ValueType::kInteger)};
  const auto states = [&](const char* text) {
    return std::make_shared<CellStates>(CellStates{StateOf(plans[0], {text})});
  };
  SharedStates pane = states("1");
  SharedStates window;
  MergeStates(plans, pane, &window);
  EXPECT_EQ(window, pane) << "the first is shared";
  MergeStates(plans, states("2"), &window);
  EXPECT_EQ(ResultOf(plans[0], (*pane)[0]), AggregateValue(int64_t{1}));
  EXPECT_EQ(ResultOf(plans[0], (*window)[0]), AggregateValue(int64_t{3}));
  MergeStates(plans, nullptr, &window);
  EXPECT_EQ(ResultOf(plans[0], (*window)[0]), AggregateValue(int64_t{3}));
}

}  // namespace
}  // namespace windrow::aggregator
