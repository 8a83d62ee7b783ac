#include "services/query/sink/row_columns.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "services/query/sink/result_columns.h"
#include "services/query/sink/result_message.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {
namespace {

// A row with a column of each kind.
results::v1::Row SampleRow() {
  results::v1::Row row;
  row.set_view("by-type");
  row.set_window_start_us(-1);
  const auto add = [&row](const char* name) {
    auto* const field = row.add_values();
    field->set_name(name);
    return field;
  };
  auto* const group = row.add_group();
  group->set_name("type");
  group->set_string_value("Traffic Stop");
  add("text")->set_string_value("");
  add("least")->set_int_value(std::numeric_limits<int64_t>::min());
  add("count")->set_int_value(300);
  add("mean")->set_double_value(-0.25);
  add("yes")->set_bool_value(true);
  add("no")->set_bool_value(false);
  add("null");
  auto* const count = add("counts")->mutable_value_counts()->add_counts();
  count->set_value("a");
  count->set_count(1);
  add("error")->set_error(results::v1::VALUE_ERROR_OVERFLOW);
  add("type")->set_string_value("hidden by the group's");
  row.add_values()->set_int_value(7);  // Without a name.
  row.set_accepted(3);
  row.set_revision(2);
  row.set_table_version("v7");
  return row;
}

StoredRow Stored(const results::v1::Row& row, const std::string& payload) {
  StoredRow stored;
  stored.version = {0, 41};
  stored.accepted = row.accepted();
  stored.revision = row.revision();
  stored.payload = payload;
  return stored;
}

TEST(RowColumnsTest, FindsWhatTheMessageHas) {
  const results::v1::Row row = SampleRow();
  const std::string payload = row.SerializeAsString();
  const StoredRow stored = Stored(row, payload);
  PartitionProgress progress;
  progress.closed_through_us = 0;
  const ResultView view({progress});
  v1::Result result;
  ASSERT_TRUE(ToResult(stored, "by-type", view, &result).ok());
  RowColumns columns;
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(columns.Read(stored, view).ok());
    for (const char* name : {"type", "text", "least", "count", "mean", "yes", "no", "null",
                             "counts", "error", "", "accepted", "revision", "final", "nothing"}) {
      const absl::optional<RowValue> found = columns.Find(name);
      const absl::optional<RowValue> expected = ColumnOf(result, name);
      ASSERT_EQ(found.has_value(), expected.has_value()) << name;
      if (!found.has_value()) continue;
      EXPECT_EQ(found->index(), expected->index()) << name;
      EXPECT_EQ(CompareValues(*found, *expected), 0) << name;
    }
  }
}

TEST(RowColumnsTest, SaysThatARowCannotBeReadWhereItsMessageCannot) {
  const std::string whole = SampleRow().SerializeAsString();
  const ResultView view({PartitionProgress()});
  RowColumns columns;
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string part = whole.substr(0, size);
    EXPECT_EQ(columns.Read(Stored({}, part), view).ok(), results::v1::Row().ParseFromString(part))
        << size;
  }
  for (const std::string& wrong : {std::string("\0", 1), whole + '\0', std::string("\x0c")}) {
    EXPECT_EQ(columns.Read(Stored({}, wrong), view).code(), absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace windrow::query
