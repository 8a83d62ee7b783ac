#include "clients/cli/result_line.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::Result;

constexpr int64_t kStart = 1546300200;  // 2018-12-31T23:50:00Z

Result Row(int64_t start, const char* group_field, const char* group, int64_t count) {
  Result row;
  row.mutable_window_start_time()->set_seconds(start);
  row.mutable_window_end_time()->set_seconds(start + 600);
  auto* field = row.add_group();
  field->set_name(group_field);
  if (group != nullptr) field->set_string_value(group);
  auto* value = row.add_values();
  value->set_name("count");
  value->set_int_value(count);
  return row;
}

TEST(ResultLineTest, IsTheLineOfTheFirstView) {
  Result row = Row(kStart, "original_crime_type_name", "Traffic Stop", 3);
  row.set_final(true);
  EXPECT_EQ(ResultLine(row),
            R"({"window_start":"2018-12-31T23:50:00Z","window_end":"2019-01-01T00:00:00Z",)"
            R"("original_crime_type_name":"Traffic Stop","count":3,"final":true,"revision":0})");
}

TEST(ResultLineTest, IsTheLineOfTheJoinedView) {
  Result row;
  row.mutable_window_start_time()->set_seconds(kStart);
  row.mutable_window_end_time()->set_seconds(kStart + 600);
  auto* group = row.add_group();
  group->set_name("disposition");
  group->set_string_value("ADM");
  auto* description = row.add_values();
  description->set_name("description");
  description->set_string_value("Admonished");
  auto* count = row.add_values();
  count->set_name("count");
  count->set_int_value(2);
  row.set_revision(4);
  const std::string line = ResultLine(row);
  EXPECT_EQ(line, R"({"window_start":"2018-12-31T23:50:00Z","window_end":"2019-01-01T00:00:00Z",)"
                  R"("disposition":"ADM","description":"Admonished","count":2,"final":false,)"
                  R"("revision":4})");

  row.mutable_group(0)->clear_value();
  row.mutable_values(0)->clear_value();
  EXPECT_NE(ResultLine(row).find(R"("disposition":null,"description":null,"count":2)"),
            std::string::npos);
}

TEST(ResultLineTest, SortsByWindowThenGroupNullFirst) {
  std::vector<Result> rows = {
      Row(kStart + 300, "g", "A", 1), Row(kStart, "g", "b", 2),     Row(kStart, "g", "B", 3),
      Row(kStart, "g", "", 4),        Row(kStart, "g", nullptr, 5), Row(kStart, "g", "é", 6),
  };
  std::sort(rows.begin(), rows.end(), ResultBefore);
  std::vector<int64_t> order;
  for (const Result& row : rows) order.push_back(row.values(0).int_value());
  EXPECT_EQ(order, (std::vector<int64_t>{5, 4, 3, 2, 6, 1}));
}

TEST(ResultLineTest, SortsByEachFieldOfTheGroupInTurn) {
  Result first = Row(kStart, "g", "A", 1);
  first.add_group()->set_string_value("z");
  Result second = Row(kStart, "g", "B", 1);
  second.add_group()->set_string_value("a");
  EXPECT_TRUE(ResultBefore(first, second));
  EXPECT_FALSE(ResultBefore(second, first));
  EXPECT_FALSE(ResultBefore(first, first));
}

}  // namespace
}  // namespace windrow::cli
