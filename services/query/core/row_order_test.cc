#include "services/query/core/row_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace windrow::query {
namespace {

std::string Key(absl::string_view order, const RowValue& value, absl::string_view row_key = "") {
  return RowOrder::Parse(order)->SortKey(
      [&](absl::string_view) -> absl::optional<RowValue> { return value; }, row_key);
}

TEST(RowOrderTest, KeysSortAsValuesDo) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const std::vector<RowValue> rising = {false,
                                        true,
                                        -std::numeric_limits<double>::infinity(),
                                        int64_t{-kMost - 1},
                                        int64_t{-kMost},
                                        -1e18,
                                        int64_t{-3},
                                        -2.5,
                                        int64_t{-2},
                                        -1e-300,
                                        int64_t{0},
                                        1e-300,
                                        int64_t{1},
                                        1.5,
                                        int64_t{2},
                                        9'007'199'254'740'992.0,
                                        int64_t{9'007'199'254'740'993},
                                        9'007'199'254'740'994.0,
                                        int64_t{kMost - 1},
                                        int64_t{kMost},
                                        9'223'372'036'854'775'808.0,
                                        absl::string_view(""),
                                        absl::string_view("\0", 1),
                                        absl::string_view("\0a", 2),
                                        absl::string_view("\x01"),
                                        absl::string_view("a"),
                                        absl::string_view("aa"),
                                        absl::string_view("b")};
  for (size_t i = 0; i < rising.size(); ++i) {
    for (size_t j = 0; j < rising.size(); ++j) {
      const int expected = i < j ? -1 : (i > j ? 1 : 0);
      EXPECT_EQ(CompareValues(rising[i], rising[j]), expected) << i << " " << j;
      const int up = Key("x", rising[i]).compare(Key("x", rising[j]));
      const int down = Key("x desc", rising[i]).compare(Key("x desc", rising[j]));
      EXPECT_EQ(up < 0 ? -1 : (up > 0 ? 1 : 0), expected) << i << " " << j;
      EXPECT_EQ(down < 0 ? -1 : (down > 0 ? 1 : 0), -expected) << i << " " << j;
    }
    EXPECT_LT(Key("x", rising[i]), Key("x", RowValue())) << "null is last";
    EXPECT_LT(Key("x desc", rising[i]), Key("x desc", RowValue())) << "null is last";
  }
  EXPECT_EQ(Key("x", int64_t{2}), Key("x", 2.0));
  EXPECT_LT(Key("x desc", int64_t{2}, "a"), Key("x desc", int64_t{2}, "b"))
      << "rows with equal values stay in the list's own order";
}

TEST(RowOrderTest, RefusesWhatIsNoOrder) {
  EXPECT_TRUE(RowOrder::Parse("")->empty());
  EXPECT_EQ(RowOrder::Parse("count desc, type asc,x")->names().size(), 3u);
  for (const absl::string_view wrong :
       {"count down", "a,", ",", "a desc desc", "a,b,c,d,e,f,g,h,i"}) {
    EXPECT_FALSE(RowOrder::Parse(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace windrow::query
