#include "services/producer/source/dataset_splitter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace windrow::producer {
namespace {

struct Result {
  std::vector<std::string> records;
  absl::Status status;
};

// Feeds `stream` in pieces that end at `cuts`, and checks that offsets point at the records.
Result SplitAt(const std::string& stream, const std::vector<size_t>& cuts) {
  Result result;
  DatasetSplitter splitter;
  DatasetSplitter::Record record;
  std::vector<std::string> chunks;
  size_t begin = 0;
  for (size_t cut : cuts) {
    chunks.push_back(stream.substr(begin, cut - begin));
    begin = cut;
  }
  chunks.push_back(stream.substr(begin));
  for (size_t i = 0; i <= chunks.size(); ++i) {
    if (i < chunks.size()) {
      splitter.Feed(chunks[i]);
    } else {
      splitter.Finish();
    }
    while (true) {
      const absl::StatusOr<bool> more = splitter.Next(&record);
      result.status = more.status();
      if (!more.ok()) return result;
      if (!*more) break;
      result.records.emplace_back(record.text);
      EXPECT_EQ(stream.substr(record.offset, record.text.size()), result.records.back());
    }
    // Asking again changes nothing.
    EXPECT_EQ(splitter.Next(&record).value_or(true), false);
  }
  return result;
}

using Records = std::vector<std::string>;

// Expects the same of the stream whole, in two pieces, in three, and byte by byte.
void ExpectRecords(const std::string& stream, const Records& expected) {
  std::vector<size_t> every;
  for (size_t a = 0; a <= stream.size(); ++a) {
    every.push_back(a);
    const Result result = SplitAt(stream, {a});
    ASSERT_TRUE(result.status.ok()) << result.status << " cut at " << a;
    ASSERT_EQ(result.records, expected) << "cut at " << a;
    const size_t b = std::min(stream.size(), a + 3);
    ASSERT_EQ(SplitAt(stream, {a, b}).records, expected) << "cut at " << a << " and " << b;
  }
  ASSERT_EQ(SplitAt(stream, every).records, expected) << "byte by byte";
}

void ExpectError(const std::string& stream, const Records& before, const std::string& words) {
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    const Result result = SplitAt(stream, {cut});
    ASSERT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument) << "cut at " << cut;
    ASSERT_NE(result.status.message().find(words), absl::string_view::npos) << result.status;
    ASSERT_EQ(result.records, before) << "cut at " << cut;
  }
}

TEST(DatasetSplitterTest, ReadsACompactArray) {
  ExpectRecords(R"([{"a":1},{"b":[1,{"c":2}]},{}])", {R"({"a":1})", R"({"b":[1,{"c":2}]})", "{}"});
}

TEST(DatasetSplitterTest, ReadsAPrettyPrintedArrayByteForByte) {
  const std::string first = "{\n        \"a\" : \"x y\",\n\t\"b\": [1, 2]\n    }";
  ExpectRecords(absl::StrCat("\n  [\n    ", first, " ,\n    { }\n]\n\n"), {first, "{ }"});
}

TEST(DatasetSplitterTest, ReadsCarriageReturnsInAnArray) {
  ExpectRecords("[\r\n{\"a\":1},\r\n{\"a\":\r\n2}\r\n]\r\n", {"{\"a\":1}", "{\"a\":\r\n2}"});
}

TEST(DatasetSplitterTest, UnderstandsStringsAndEscapes) {
  const Records records = {R"({"a":"},{"})",     R"({"a":"\"},{"})",      R"({"a":"\\"})",
                           R"({"a":"\\\"]["})",  R"({"a\"":"\u005d,["})", R"({"a":"\/\/\n"})",
                           R"({"a":"\\\\\\\\"})"};
  std::string array = "[", lines;
  for (const std::string& record : records) {
    absl::StrAppend(&array, array.size() > 1 ? "," : "", record);
    absl::StrAppend(&lines, record, "\n");
  }
  ExpectRecords(array + "]", records);
  ExpectRecords(lines, records);
}

TEST(DatasetSplitterTest, SkipsAByteOrderMark) {
  ExpectRecords("\xef\xbb\xbf[{\"a\":1}]", {"{\"a\":1}"});
  ExpectRecords("\xef\xbb\xbf{\"a\":1}\n{\"a\":2}", {"{\"a\":1}", "{\"a\":2}"});
  ExpectRecords("\xef\xbb\xbf \n", {});
}

TEST(DatasetSplitterTest, KeepsElementsThatAreNoObjects) {
  ExpectRecords(R"([{"a":1}, 7 ,"x,y", null,[1,[2]],nonsense here,{"b":2}])",
                {R"({"a":1})", "7", R"("x,y")", "null", "[1,[2]]", "nonsense here", R"({"b":2})"});
  ExpectRecords("[1,2]", {"1", "2"});
  ExpectRecords("[\"a\"\n,\"b\"]", {"\"a\"", "\"b\""});
}

TEST(DatasetSplitterTest, KeepsMismatchedBracketsInOneRecord) {
  ExpectRecords(R"([{"a":1],{"b":2}})"
                "]",
                {R"({"a":1])", R"({"b":2}})"});
}

TEST(DatasetSplitterTest, ReadsArraysWithoutRecords) {
  ExpectRecords("[]", {});
  ExpectRecords(" [ \n ] \n", {});
  ExpectRecords("", {});
  ExpectRecords(" \n\t\r\n", {});
}

TEST(DatasetSplitterTest, LeavesOutEmptyElements) {
  ExpectRecords("[{\"a\":1},]", {"{\"a\":1}"});
  ExpectRecords("[{\"a\":1}, ,{\"a\":2}]", {"{\"a\":1}", "{\"a\":2}"});
}

TEST(DatasetSplitterTest, ReadsLines) {
  ExpectRecords("{\"a\":1}\n\n  \r\n{\"a\":2}\r\n{\"a\":3}",
                {"{\"a\":1}", "{\"a\":2}", "{\"a\":3}"});
  ExpectRecords("{\"a\":1}\n", {"{\"a\":1}"});
  ExpectRecords("\n\n{\"a\":1}\r", {"{\"a\":1}"});
}

TEST(DatasetSplitterTest, KeepsLinesThatAreNoJson) {
  ExpectRecords("line noise\n{\"a\":\"cut sho\n[1,2]\n  {\"a\":1} \n\"\n",
                {"line noise", "{\"a\":\"cut sho", "[1,2]", "  {\"a\":1} ", "\""});
}

TEST(DatasetSplitterTest, TellsAnArrayOnTheFirstLineFromTheWholeStream) {
  ExpectRecords("[\"a\",\"b\"]\n{\"a\":1}\n", {"[\"a\",\"b\"]", "{\"a\":1}"});
  ExpectRecords("[]\n{\"a\":1}\n", {"[]", "{\"a\":1}"});
  ExpectRecords("[1,[2]\n,{\"a\":1}]", {"1", "[2]", "{\"a\":1}"});
  ExpectRecords("[[2]\n]", {"[2]"});
  ExpectRecords("[1]\n", {"1"});
}

TEST(DatasetSplitterTest, ReportsWhereAnArrayIsCutShort) {
  ExpectError("[{\"a\":1},{\"b\":2", {"{\"a\":1}"},
              "it ends at byte 15, inside the record that begins at byte 9");
  ExpectError("[{\"a\":1},\n", {"{\"a\":1}"}, "it ends at byte 10, before the ']'");
  ExpectError("[{\"a\":\"\\", {}, "it ends at byte 8, inside the record that begins at byte 1");
  ExpectError("[", {}, "it ends at byte 1, before the ']'");
}

TEST(DatasetSplitterTest, ReportsWhereTheLastLineIsCutShort) {
  ExpectError("{\"a\":1}\n{\"a\":\"x", {"{\"a\":1}"},
              "it ends at byte 15, inside the record that begins at byte 8");
  ExpectError("\n{\"a\":[1,2]", {}, "it ends at byte 11, inside the record that begins at byte 1");
}

TEST(DatasetSplitterTest, ReportsWhatFollowsAnArray) {
  ExpectError("[{\"a\":1}]\n{\"b\":2}", {"{\"a\":1}"}, "goes on at byte 10 after the end");
  ExpectError("[{\"a\":1}]]", {"{\"a\":1}"}, "goes on at byte 9 after the end");
}

TEST(DatasetSplitterTest, BoundsTheLengthOfARecord) {
  const std::string chunk(1 << 20, 'x');
  for (const char* begin : {"[{\"a\":\"", "{\"a\":\""}) {
    DatasetSplitter splitter;
    DatasetSplitter::Record record;
    splitter.Feed(begin);
    absl::StatusOr<bool> more = splitter.Next(&record);
    for (int i = 0; i < 65 && more.ok(); ++i) {
      splitter.Feed(chunk);
      more = splitter.Next(&record);
    }
    EXPECT_EQ(more.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(DatasetSplitterTest, ReadsManyRecordsInOddChunks) {
  Records expected;
  std::string array = "[", lines;
  for (int i = 0; i < 2'000; ++i) {
    expected.push_back(absl::StrCat("{\"n\":", i, ",\"s\":\"", std::string(i % 97, '\\'),
                                    i % 97 % 2 == 0 ? "" : "\\", "\"}"));
    absl::StrAppend(&array, i == 0 ? "" : ", ", expected.back());
    absl::StrAppend(&lines, expected.back(), "\n");
  }
  array += "]";
  for (const std::string& stream : {array, lines}) {
    for (size_t step : {1, 7, 64, 1000, 4096}) {
      std::vector<size_t> cuts;
      for (size_t cut = step; cut < stream.size(); cut += step) cuts.push_back(cut);
      ASSERT_EQ(SplitAt(stream, cuts).records, expected) << step;
    }
  }
}

}  // namespace
}  // namespace windrow::producer
