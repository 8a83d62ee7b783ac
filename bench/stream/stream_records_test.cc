#include "bench/stream/stream_records.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/match.h"

namespace windrow::bench {
namespace {

std::string GroupOf(absl::string_view record) {
  const size_t at = record.find("group-");
  return std::string(record.substr(at, 13));
}

TEST(StreamRecordsTest, BytesAreAsAskedFor) {
  for (const int64_t bytes : {64, 100, 410, 1600, 6400}) {
    StreamRecords records({.groups = 10, .bytes = bytes, .events_per_second = 100});
    EXPECT_NEAR(static_cast<double>(records.Next().size()), static_cast<double>(bytes), 14);
  }
}

TEST(StreamRecordsTest, TimesGoUpByTheRate) {
  StreamRecords records({.groups = 10, .bytes = 100, .events_per_second = 2});
  EXPECT_TRUE(absl::StrContains(records.Next(), "\"2018-12-31T00:00:00.000\""));
  EXPECT_TRUE(absl::StrContains(records.Next(), "\"2018-12-31T00:00:00.500\""));
  EXPECT_TRUE(absl::StrContains(records.Next(), "\"2018-12-31T00:00:01.000\""));
}

TEST(StreamRecordsTest, AllGroupsCome) {
  StreamRecords records({.groups = 50, .bytes = 100, .events_per_second = 100});
  std::set<std::string> groups;
  for (int i = 0; i < 1'000; ++i) groups.insert(GroupOf(records.Next()));
  EXPECT_EQ(groups.size(), 50u);
}

}  // namespace
}  // namespace windrow::bench
