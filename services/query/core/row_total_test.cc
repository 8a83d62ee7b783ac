#include "services/query/core/row_total.h"

#include <limits>
#include <map>

#include "gtest/gtest.h"

namespace windrow::query {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

TotalValue Total(TotalRule rule, const std::vector<RowValue>& values) {
  ValueTotal total(rule);
  for (const RowValue& value : values) total.Add(value);
  return total.value();
}

TEST(ValueTotalTest, AddsIntegersExactly) {
  EXPECT_EQ(Total(TotalRule::kSum, {int64_t{2}, int64_t{3}, int64_t{-7}}), TotalValue(int64_t{-2}));
  EXPECT_EQ(Total(TotalRule::kSum, {kMost, int64_t{1}}), TotalValue(ValueOverflow()));
  EXPECT_EQ(Total(TotalRule::kSum, {-kMost, int64_t{-1}, int64_t{-1}}),
            TotalValue(ValueOverflow()));
  EXPECT_EQ(Total(TotalRule::kSum, {kMost, int64_t{1}, int64_t{-1}}), TotalValue(kMost))
      << "only the end counts";
}

TEST(ValueTotalTest, AddsDoublesExactly) {
  EXPECT_EQ(Total(TotalRule::kSum, {0.1, 0.2, 0.3}), TotalValue(0.6));
  EXPECT_EQ(Total(TotalRule::kSum, {1e308, 1e308}), TotalValue(ValueOverflow()));
  EXPECT_EQ(Total(TotalRule::kSum, {0.5, int64_t{2}}), TotalValue(2.5));
}

TEST(ValueTotalTest, LeastAndGreatest) {
  EXPECT_EQ(Total(TotalRule::kLeast, {int64_t{2}, int64_t{-3}, int64_t{9}}),
            TotalValue(int64_t{-3}));
  EXPECT_EQ(Total(TotalRule::kGreatest, {2.5, -3.0}), TotalValue(2.5));
  EXPECT_EQ(Total(TotalRule::kLeast, {absl::string_view("b"), absl::string_view("a")}),
            TotalValue(std::string("a")));
  EXPECT_EQ(Total(TotalRule::kGreatest, {absl::string_view("b"), absl::string_view("a")}),
            TotalValue(std::string("b")));
}

TEST(ValueTotalTest, NullIsNoValue) {
  for (const TotalRule rule : {TotalRule::kSum, TotalRule::kLeast, TotalRule::kGreatest}) {
    EXPECT_EQ(Total(rule, {}), TotalValue());
    EXPECT_EQ(Total(rule, {RowValue()}), TotalValue());
    EXPECT_EQ(Total(rule, {RowValue(), int64_t{4}, RowValue()}), TotalValue(int64_t{4}));
  }
}

TEST(ValueTotalTest, ErrorOfARowStays) {
  ValueTotal total(TotalRule::kLeast);
  total.AddOverflow();
  total.Add(int64_t{4});
  EXPECT_EQ(total.value(), TotalValue(ValueOverflow()));
}

TEST(RowTotalTest, AddsUpWhatCanBe) {
  ViewDefinition view;
  view.aggregates = {{"count", TotalRule::kSum},
                     {"mean", TotalRule::kNone},
                     {"least", TotalRule::kLeast},
                     {"sum", TotalRule::kSum}};
  RowTotal total(view);
  for (const int64_t number : {5, 3, 4}) {
    std::map<absl::string_view, absl::optional<RowValue>> row = {
        {"count", RowValue(number)}, {"least", RowValue(number * 10)}, {"sum", absl::nullopt}};
    total.Add(number, [&row](absl::string_view name) { return row.at(name); });
  }
  EXPECT_EQ(total.rows(), 3);
  EXPECT_EQ(total.accepted(), 12);
  ASSERT_EQ(total.columns().size(), 3u);
  EXPECT_EQ(total.columns()[0].name, "count");
  EXPECT_EQ(total.columns()[0].total.value(), TotalValue(int64_t{12}));
  EXPECT_EQ(total.columns()[1].name, "least");
  EXPECT_EQ(total.columns()[1].total.value(), TotalValue(int64_t{30}));
  EXPECT_EQ(total.columns()[2].total.value(), TotalValue(ValueOverflow()));
}

}  // namespace
}  // namespace windrow::query
