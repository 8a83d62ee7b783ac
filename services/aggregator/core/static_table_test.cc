#include "services/aggregator/core/static_table.h"

#include <gtest/gtest.h>

namespace windrow::aggregator {
namespace {

TEST(StaticTableTest, FindsRowsByKey) {
  const StaticTable table("v1", "code", {{{"code", "A"}, {"text", "one"}}, {{"code", ""}}});
  ASSERT_NE(table.Find(std::string("A")), nullptr);
  EXPECT_EQ(table.Find(std::string("A"))->at("text"), "one");
  EXPECT_NE(table.Find(std::string("")), nullptr);
  EXPECT_EQ(table.Find(std::string("a")), nullptr);
  EXPECT_EQ(table.version(), "v1");
}

TEST(StaticTableTest, TheFirstRowOfAKeyWins) {
  const StaticTable table("", "code",
                          {{{"code", "A"}, {"text", "one"}}, {{"code", "A"}, {"text", "two"}}});
  EXPECT_EQ(table.Find(std::string("A"))->at("text"), "one");
}

TEST(StaticTableTest, NullAndRowsWithoutKeyFindNothing) {
  const StaticTable table("", "code", {{{"text", "one"}}});
  EXPECT_EQ(table.Find(absl::nullopt), nullptr);
  EXPECT_EQ(table.Find(std::string("")), nullptr);
  EXPECT_EQ(table.Find(std::string("one")), nullptr);
}

}  // namespace
}  // namespace windrow::aggregator
