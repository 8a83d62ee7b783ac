#include "bench/limit/pane_counts.h"

#include <string>

#include "gtest/gtest.h"

namespace windrow::bench {
namespace {

TEST(ParseSecondsTest, ReadsTimes) {
  EXPECT_EQ(ParseSeconds("1970-01-01T00:00:00"), 0);
  EXPECT_EQ(ParseSeconds("2018-12-31T23:57:00.000"), 1546300620);
  EXPECT_EQ(ParseSeconds("2000-02-29 12:00:01"), 951825601);
  EXPECT_EQ(ParseSeconds("2000-03-01T00:00:00"), 951868800);
}

TEST(ParseSecondsTest, RefusesOtherText) {
  EXPECT_EQ(ParseSeconds(""), -1);
  EXPECT_EQ(ParseSeconds("2018-12-31"), -1);
  EXPECT_EQ(ParseSeconds("2018-12-31T23:5x:00.000"), -1);
  EXPECT_EQ(ParseSeconds("2018/12/31T23:57:00.000"), -1);
}

std::string Call(const std::string& type, const std::string& time) {
  return R"({"crime_id":"1","original_crime_type_name":")" + type + R"(","call_date_time":")" +
         time + R"(","state":"CA"})";
}

TEST(PaneCountsTest, CountsByTypeAndPane) {
  PaneCounts counts;
  counts.Add(Call("Noise", "2018-12-31T23:57:00.000"));
  counts.Add(Call("Noise", "2018-12-31T23:55:00.000"));
  counts.Add(Call("Noise", "2018-12-31T23:54:59.000"));
  counts.Add(Call("Fight", "2018-12-31T23:57:00.000"));
  EXPECT_EQ(counts.counted(), 4u);
  EXPECT_EQ(counts.cells(), 3u);
}

TEST(PaneCountsTest, RefusesWhatItCannotRead) {
  PaneCounts counts;
  counts.Add("");
  counts.Add("{");
  counts.Add("[]");
  counts.Add(R"({"original_crime_type_name":"Noise"})");
  counts.Add(Call("Noise", "yesterday"));
  EXPECT_EQ(counts.refused(), 5u);
  EXPECT_EQ(counts.counted(), 0u);
}

TEST(PaneCountsTest, ParsesWhereverTheRecordLiesInItsPage) {
  const std::string call = Call("Noise", "2018-12-31T23:57:00.000");
  std::string memory(3 * 4096, ' ');
  PaneCounts counts;
  for (size_t begin = 0; begin + call.size() <= memory.size(); ++begin) {
    memory.assign(memory.size(), '{');
    memory.replace(begin, call.size(), call);
    counts.Add(absl::string_view(memory).substr(begin, call.size()));
  }
  EXPECT_EQ(counts.refused(), 0u);
  EXPECT_EQ(counts.cells(), 1u);
}

}  // namespace
}  // namespace windrow::bench
