#include "services/query/core/row_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool Matches(absl::string_view text) {
  const std::map<std::string, RowValue> row = {
      {"type", absl::string_view("Traffic Stop")},
      {"zip", absl::string_view("94103")},
      {"count", int64_t{12}},
      {"mean", 2.5},
      {"final", true},
      {"nothing", RowValue()},
  };
  const auto filter = RowFilter::Parse(text);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status();
  return filter.ok() && filter->Matches([&](absl::string_view name) -> absl::optional<RowValue> {
    const auto found = row.find(std::string(name));
    if (found == row.end()) return absl::nullopt;
    return found->second;
  });
}

TEST(RowFilterTest, Compares) {
  for (const absl::string_view yes : {"",
                                      "  ",
                                      "count = 12",
                                      "count=12",
                                      "count != 13",
                                      "count < 12.5",
                                      "count >= 12",
                                      "mean > 2",
                                      "mean = 2.5",
                                      "type = \"Traffic Stop\"",
                                      "type = 'Traffic Stop'",
                                      "type > \"Traffic\"",
                                      "zip = 94103",
                                      "zip < 95",
                                      "final = true",
                                      "final != false",
                                      "type = \"Traffic*\"",
                                      "type = \"*Stop\"",
                                      "type = \"*affic*\"",
                                      "type:Stop",
                                      "type:*",
                                      "type != \"Audible*\"",
                                      "count:*",
                                      "count:12"}) {
    EXPECT_TRUE(Matches(yes)) << yes;
  }
  for (const absl::string_view no :
       {"count = 13", "count > 12", "count = \"twelve\"", "mean < 2.5", "type = Traffic",
        "type:stop", "final = false", "nothing:*", "nothing = 1", "nothing != 1", "other:*",
        "type != \"Traffic*\""}) {
    EXPECT_FALSE(Matches(no)) << no;
  }
}

// AIP-160: OR binds more than AND, NOT more than both.
TEST(RowFilterTest, Combines) {
  EXPECT_TRUE(Matches("count = 12 AND type:Stop"));
  EXPECT_TRUE(Matches("count = 12 type:Stop")) << "side by side is AND";
  EXPECT_FALSE(Matches("count = 12 AND type:Audible"));
  EXPECT_TRUE(Matches("count = 1 OR type:Stop"));
  EXPECT_FALSE(Matches("count = 12 OR count = 13 AND count = 14"));
  EXPECT_TRUE(Matches("count = 12 OR (count = 13 AND count = 14)"));
  EXPECT_TRUE(Matches("NOT count = 13"));
  EXPECT_TRUE(Matches("-count = 13 AND NOT (type:Audible OR final = false)"));
  EXPECT_TRUE(Matches("nothing = 1 OR NOT nothing:*"));
}

TEST(RowFilterTest, SaysWhatIsWrong) {
  for (const absl::string_view wrong :
       {"count", "count =", "= 3", "count = 3 AND", "(count = 3", "count = 3)", "type = \"open",
        "count == 3", "count ~ 3", "NOT", "AND"}) {
    const auto filter = RowFilter::Parse(wrong);
    ASSERT_FALSE(filter.ok()) << wrong;
    EXPECT_THAT(filter.status().message(), HasSubstr("at character ")) << wrong;
  }
  EXPECT_FALSE(RowFilter::Parse(std::string(100, '(')).ok());
  EXPECT_FALSE(RowFilter::Parse(std::string(5000, ' ')).ok());
}

TEST(RowFilterTest, TellsItsNames) {
  EXPECT_THAT(RowFilter::Parse("a = 1 OR NOT (\"b c\" < 2)")->names(), ElementsAre("a", "b c"));
}

}  // namespace
}  // namespace windrow::query
