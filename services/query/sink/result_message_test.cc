#include "services/query/sink/result_message.h"

#include <limits>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {
namespace {

ResultView ClosedThrough(int64_t us) {
  PartitionProgress progress;
  progress.closed_through_us = us;
  return ResultView({progress});
}

TEST(ResultMessageTest, TimesGoBothWays) {
  for (const int64_t us : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{-1'000'000},
                           int64_t{-1'000'001}, int64_t{1'546'300'800'123'456}}) {
    const google::protobuf::Timestamp time = ToTimestamp(us);
    EXPECT_GE(time.nanos(), 0) << us;
    EXPECT_EQ(FromTimestamp(time), us);
  }
}

TEST(ResultMessageTest, BoundsBetweenMicrosecondsAreRoundedUp) {
  google::protobuf::Timestamp time;
  time.set_nanos(1);
  EXPECT_EQ(FromTimestamp(time), 1);
  time.set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(FromTimestamp(time), std::numeric_limits<int64_t>::max());
  time.set_seconds(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(FromTimestamp(time), std::numeric_limits<int64_t>::min());
}

TEST(ResultMessageTest, ARowKeepsWhatTheTopicSaid) {
  results::v1::Row row;
  auto* const group = row.add_group();
  group->set_name("type");
  group->set_string_value("Traffic Stop");
  row.add_values()->set_name("description");  // Null: no value at all.
  row.set_accepted(3);
  row.set_revision(2);
  row.set_table_version("v7");
  row.set_event_time_us(-1'500'000);
  row.set_record_time_ms(2'250);
  const std::string payload = row.SerializeAsString();
  StoredRow stored;
  stored.version = {0, 41};
  stored.commit_time_ms = 3'125;
  stored.window_start_us = -600'000'000;
  stored.window_end_us = 0;
  stored.payload = payload;

  v1::Result result;
  ASSERT_TRUE(ToResult(stored, "by-type", ClosedThrough(0), &result).ok());
  EXPECT_EQ(result.view(), "by-type");
  EXPECT_EQ(result.window_start_time().seconds(), -600);
  EXPECT_EQ(result.window_end_time().seconds(), 0);
  EXPECT_EQ(result.group(0).string_value(), "Traffic Stop");
  EXPECT_EQ(result.values(0).value_case(), results::v1::Field::VALUE_NOT_SET);
  EXPECT_TRUE(result.final());
  EXPECT_EQ(result.revision(), 2);
  EXPECT_EQ(result.accepted(), 3);
  EXPECT_EQ(result.table_version(), "v7");
  EXPECT_EQ(result.version().offset(), 41);
  EXPECT_EQ(FromTimestamp(result.event_time()), -1'500'000);
  EXPECT_EQ(FromTimestamp(result.record_time()), 2'250'000);
  EXPECT_EQ(FromTimestamp(result.commit_time()), 3'125'000);

  v1::Result open;
  ASSERT_TRUE(ToResult(stored, "by-type", ClosedThrough(-1), &open).ok());
  EXPECT_FALSE(open.final());

  v1::Result retraction;
  ASSERT_TRUE(ToRetraction(stored, "by-type", &retraction).ok());
  EXPECT_EQ(retraction.group(0).string_value(), "Traffic Stop");
  EXPECT_EQ(retraction.values_size(), 0);
  EXPECT_EQ(retraction.version().offset(), 41);

  const std::string silent = results::v1::Row().SerializeAsString();
  stored.payload = silent;
  stored.commit_time_ms = 0;
  v1::Result timeless;
  ASSERT_TRUE(ToResult(stored, "by-type", ClosedThrough(0), &timeless).ok());
  EXPECT_FALSE(timeless.has_event_time() || timeless.has_record_time() ||
               timeless.has_commit_time())
      << "times that nobody said stay absent";

  stored.payload = "\xff";
  EXPECT_EQ(ToResult(stored, "by-type", ClosedThrough(0), &result).code(),
            absl::StatusCode::kDataLoss);
}

TEST(ResultMessageTest, AWindowIsNamedByItsStart) {
  StoredWindow stored;
  stored.window_start_us = 1'546'300'200'500'000;
  stored.window_end_us = 1'546'300'800'000'000;
  stored.rows = 2;
  stored.accepted = 5;
  stored.late = 1;
  const v1::Window window =
      ToWindow(stored, "pipelines/p/views/v", ClosedThrough(stored.window_end_us));
  EXPECT_EQ(window.name(), "pipelines/p/views/v/windows/2018-12-31T23:50:00.5Z");
  EXPECT_TRUE(window.final());
  EXPECT_EQ(window.rows(), 2);
  EXPECT_EQ(window.accepted(), 5);
  EXPECT_EQ(window.late(), 1);
  EXPECT_FALSE(ToWindow(stored, "x", ClosedThrough(stored.window_end_us - 1)).final());
}

TEST(ResultMessageTest, AWindowOfLateRecordsOnlyHasNoEnd) {
  StoredWindow stored;
  stored.late = 1;
  const v1::Window window = ToWindow(stored, "x", ClosedThrough(1));
  EXPECT_FALSE(window.has_end_time());
  EXPECT_FALSE(window.final());
}

}  // namespace
}  // namespace windrow::query
