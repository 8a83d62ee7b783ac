#include "services/query/core/row_key.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace windrow::query {
namespace {

TEST(RowKeyTest, OrdersByWindowStartThenGroup) {
  const std::vector<std::string> ascending = {EncodeRowKey(-5, "z"), EncodeRowKey(0, ""),
                                              EncodeRowKey(0, "a"),  EncodeRowKey(0, "aa"),
                                              EncodeRowKey(0, "b"),  EncodeRowKey(1, "a")};
  for (size_t i = 1; i < ascending.size(); ++i) EXPECT_LT(ascending[i - 1], ascending[i]) << i;
}

TEST(RowKeyTest, DecodesWhatItEncoded) {
  RowKey key;
  ASSERT_TRUE(DecodeRowKey(EncodeRowKey(-7, std::string("g\0h", 3)), &key));
  EXPECT_EQ(key.window_start_us, -7);
  EXPECT_EQ(key.group, std::string("g\0h", 3));
  EXPECT_FALSE(DecodeRowKey("short", &key));
}

TEST(BoundedGroupTest, LeavesShortGroupsAlone) {
  EXPECT_EQ(BoundedGroup(""), "");
  EXPECT_EQ(BoundedGroup(std::string(256, 'x')), std::string(256, 'x'));
}

TEST(BoundedGroupTest, TellsLongGroupsApart) {
  const std::string a(400'000, 'x');
  std::string b = a;
  b.back() = 'y';
  EXPECT_EQ(BoundedGroup(a).size(), 272u);
  EXPECT_EQ(BoundedGroup(a), BoundedGroup(a));
  EXPECT_NE(BoundedGroup(a), BoundedGroup(b));
  EXPECT_NE(BoundedGroup(a), BoundedGroup(a + "x"));
  EXPECT_LT(std::string(256, 'x'), BoundedGroup(a));
}

TEST(ClosingKeyTest, CursorIsAboveAllThatIsClosedAndBelowTheRest) {
  const std::string cursor = ClosingCursorAfter(100);
  EXPECT_LT(EncodeClosingKey(100, EncodeRowKey(90, std::string(50, '\xff'))), cursor);
  EXPECT_LE(cursor, EncodeClosingKey(101, EncodeRowKey(std::numeric_limits<int64_t>::min(), "")));
}

TEST(ClosingKeyTest, CursorAtTheEndOfTimeIsAboveEverything) {
  const int64_t max = std::numeric_limits<int64_t>::max();
  EXPECT_LT(EncodeClosingKey(max, EncodeRowKey(max - 1, std::string(50, '\xff'))),
            ClosingCursorAfter(max));
}

TEST(ClosingKeyTest, DecodesWhatItEncoded) {
  const std::string closing = EncodeClosingKey(100, EncodeRowKey(90, "g"));
  int64_t end_us = 0;
  absl::string_view row_key;
  ASSERT_TRUE(DecodeClosingKey(closing, &end_us, &row_key));
  EXPECT_EQ(end_us, 100);
  EXPECT_EQ(row_key, EncodeRowKey(90, "g"));
  EXPECT_FALSE(DecodeClosingKey("1234567", &end_us, &row_key));
}

TEST(ClosingKeyTest, NothingLiesBetweenAKeyAndTheOneAfter) {
  const std::string key = EncodeClosingKey(1, EncodeRowKey(0, "g"));
  EXPECT_LT(key, KeyAfter(key));
  EXPECT_LE(KeyAfter(key), EncodeClosingKey(1, EncodeRowKey(0, std::string("g\0", 2))));
}

}  // namespace
}  // namespace windrow::query
