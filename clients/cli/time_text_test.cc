#include "clients/cli/time_text.h"

#include "clients/cli/session.h"
#include "gtest/gtest.h"

namespace windrow::cli {
namespace {

constexpr int64_t kTime = 1546300200;  // 2018-12-31T23:50:00Z

TEST(TimeTextTest, WritesUtcWithoutNeedlessDigits) {
  EXPECT_EQ(TimeText(absl::FromUnixSeconds(kTime)), "2018-12-31T23:50:00Z");
  EXPECT_EQ(TimeText(absl::FromUnixMillis(kTime * 1000 + 250)), "2018-12-31T23:50:00.25Z");
  EXPECT_EQ(TimeText(absl::FromUnixSeconds(-1)), "1969-12-31T23:59:59Z");
}

TEST(TimeTextTest, ShortensForTables) {
  EXPECT_EQ(ShortTimeText(absl::FromUnixSeconds(kTime)), "2018-12-31 23:50");
  EXPECT_EQ(ShortTimeText(absl::FromUnixSeconds(kTime + 7)), "2018-12-31 23:50:07");
}

TEST(TimeTextTest, ReadsWhatUsersType) {
  for (const char* text : {"2018-12-31T23:50:00Z", "2018-12-31T23:50:00", "2018-12-31T23:50",
                           "2018-12-31 23:50", "2019-01-01T00:50:00+01:00"}) {
    const absl::StatusOr<absl::Time> time = ParseTimeText(text);
    ASSERT_TRUE(time.ok()) << text << ": " << time.status();
    EXPECT_EQ(absl::ToUnixSeconds(*time), kTime) << text;
  }
  EXPECT_EQ(absl::ToUnixSeconds(*ParseTimeText("1970-01-02")), 86400);
}

TEST(TimeTextTest, RefusesOtherTextAsAUsageError) {
  for (const char* text : {"", "yesterday", "2018-12-31T25:00", "2018-13-01", "23:50"}) {
    EXPECT_TRUE(IsUsageError(ParseTimeText(text).status())) << text;
  }
}

TEST(TimeTextTest, TimestampsComeBackUnchanged) {
  google::protobuf::Timestamp before_1970;
  before_1970.set_seconds(-2);
  before_1970.set_nanos(500'000'000);
  const google::protobuf::Timestamp back = ToTimestamp(ToTime(before_1970));
  EXPECT_EQ(back.seconds(), -2);
  EXPECT_EQ(back.nanos(), 500'000'000);
}

}  // namespace
}  // namespace windrow::cli
