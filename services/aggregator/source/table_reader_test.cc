#include "services/aggregator/source/table_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Row = std::map<std::string, std::string>;

std::vector<Row> RowsOf(const pb::StaticTable& table) {
  std::vector<Row> rows;
  for (const auto& row : table.rows())
    rows.emplace_back(row.columns().begin(), row.columns().end());
  return rows;
}

std::vector<Row> Rows(TableFormat format, const std::string& content) {
  pb::StaticTable table;
  table.set_name("t");
  table.add_rows();  // to be replaced
  const absl::Status status = ReadTable(format, "text", content, &table);
  EXPECT_TRUE(status.ok()) << content << ": " << status;
  return RowsOf(table);
}

std::string Error(TableFormat format, const std::string& content) {
  pb::StaticTable table;
  const absl::Status status = ReadTable(format, "text", content, &table);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << content;
  return std::string(status.message());
}

const Row kA = {{"k", "a"}, {"v", "1"}};
const Row kB = {{"k", "b"}, {"v", "2"}};

TEST(TableReaderTest, ReadsAJsonArray) {
  EXPECT_THAT(Rows(TableFormat::kJson, R"([{"k":"a","v":"1"},{"k":"b","v":"2"}])"),
              ElementsAre(kA, kB));
  EXPECT_THAT(
      Rows(TableFormat::kJson, " \n[\n {\"k\":\"a\",\n\"v\":1} ,\r\n{\"k\":\"b\",\"v\":2}\n]\n"),
      ElementsAre(kA, kB));
  EXPECT_THAT(Rows(TableFormat::kJson, "[]"), IsEmpty());
  EXPECT_THAT(Rows(TableFormat::kJson, " [ ] "), IsEmpty());
  EXPECT_THAT(Rows(TableFormat::kJson, "[{}]"), ElementsAre(Row()));
  // Brackets and commas in texts and within.
  EXPECT_THAT(Rows(TableFormat::kJson, R"([{"a]":"}],[{\"","b":[1,{"c":"]"}]}])"),
              ElementsAre(Row{{"a]", "}],[{\""}, {"b", R"([1,{"c":"]"}])"}}));
}

TEST(TableReaderTest, ValuesAreTheirText) {
  EXPECT_THAT(
      Rows(
          TableFormat::kJson,
          R"([{"n":1.50,"m" : -2E3 ,"t":true,"f":false,"x":null,"s":"\u00e9\n\"","e":"","o":{"p": [1, 2]}}])"),
      ElementsAre(Row{{"n", "1.50"},
                      {"m", "-2E3"},
                      {"t", "true"},
                      {"f", "false"},
                      {"s", "é\n\""},
                      {"e", ""},
                      {"o", R"({"p":[1,2]})"}}));
  EXPECT_THAT(Rows(TableFormat::kJson, R"([{"k":"a","k":"b"},{"k":"a","k":null}])"),
              ElementsAre(Row{{"k", "b"}}, Row()));
  EXPECT_THAT(Rows(TableFormat::kJson, R"([{"\u006b":"a"}])"), ElementsAre(Row{{"k", "a"}}));
}

TEST(TableReaderTest, NamesTheLineOfWhatIsNoJson) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "text: line 1: is not the beginning of a JSON array"},
      {"\n\n{}", "text: line 3: is not the beginning"},
      {"7", "text: line 1: is not the beginning"},
      {"[", "text: line 1: row 1 is not a JSON object"},
      {"[1]", "text: line 1: row 1 is not a JSON object"},
      {"[[]]", "row 1 is not"},
      {"[null]", "row 1 is not"},
      {"[{\"k\":1}", "text: line 1: the array has no end"},
      {"[{\"k\":1},", "line 1: row 2 is not"},
      {"[{\"k\":1},]", "line 1: row 2 is not"},
      {"[,{\"k\":1}]", "line 1: row 1 is not"},
      {"[\n{\"k\":1}\n\n,\n{\"k\":1\n,}\n]", "line 5: row 2 is not a JSON object"},
      {"[\n{\"k\":1},\n{\"k\":01}]", "line 3: row 2 is not a JSON object"},
      {"[{\"k\":nul}]", "row 1 is not"},
      {"[{\"k\":tru}]", "row 1 is not"},
      {"[{\"k\":[1,}]", "is not"},
      {"[{\"k\":[1,]}]", "row 1 is not"},
      {"[{\"k\":{\"x\":tru}}]", "row 1 is not"},
      {"[{\"k\" 1}]", "row 1 is not"},
      {"[{k:1}]", "row 1 is not"},
      {"[{\"k\":\"a}]", "row 1 is not"},
      {"[{} {}]", "row 1 is not"},
      {"[{}]\n[]", "line 2: something follows the array"},
      {"[{}],", "line 1: something follows the array"},
  };
  for (const auto& c : kCases)
    EXPECT_THAT(Error(TableFormat::kJson, c.first), HasSubstr(c.second)) << c.first;
}

TEST(TableReaderTest, ReadsAnObjectOnEachLine) {
  const std::string a = R"({"k":"a","v":1})";
  const std::string b = R"({"k":"b","v":2})";
  EXPECT_THAT(Rows(TableFormat::kNdjson, a + "\n" + b + "\n"), ElementsAre(kA, kB));
  EXPECT_THAT(Rows(TableFormat::kNdjson, a + "\r\n\n  \n" + b), ElementsAre(kA, kB));
  EXPECT_THAT(Rows(TableFormat::kNdjson, ""), IsEmpty());
  EXPECT_THAT(Error(TableFormat::kNdjson, a + "\n\n" + b + ",\n"),
              "text: line 3: is not a JSON object");
  EXPECT_THAT(Error(TableFormat::kNdjson, a + b), HasSubstr("line 1: is not"));
  EXPECT_THAT(Error(TableFormat::kNdjson, "[" + a + "]"), HasSubstr("line 1: is not"));
  EXPECT_THAT(Error(TableFormat::kNdjson, a + "\n{\"k\":\n1}"), HasSubstr("line 2: is not"));
}

TEST(TableReaderTest, ReadsCommaSeparatedValues) {
  EXPECT_THAT(Rows(TableFormat::kCsv, "k,v\na,1\nb,2\n"), ElementsAre(kA, kB));
  EXPECT_THAT(Rows(TableFormat::kCsv, "k,v\r\na,1\r\nb,2"), ElementsAre(kA, kB));
  EXPECT_THAT(Rows(TableFormat::kCsv, "\xEF\xBB\xBFk,v\na,1\n\nb,2\n\n"), ElementsAre(kA, kB));
  EXPECT_THAT(Rows(TableFormat::kCsv, "\"k\",v\n\"a\",\"1\"\nb,\"2\""), ElementsAre(kA, kB));
  EXPECT_THAT(Rows(TableFormat::kCsv, "k\n"), IsEmpty());
  EXPECT_THAT(Rows(TableFormat::kCsv, "k"), IsEmpty());
  EXPECT_THAT(Rows(TableFormat::kCsv, "k,v\n\"a,\"\"b\"\"\r\nc\", x \n"),
              ElementsAre(Row{{"k", "a,\"b\"\r\nc"}, {"v", " x "}}));
  // Nothing is no value; nothing between quotes is the empty text.
  EXPECT_THAT(Rows(TableFormat::kCsv, "k,v,w\na,,\"\"\n,1,\n"),
              ElementsAre(Row{{"k", "a"}, {"w", ""}}, Row{{"v", "1"}}));
  EXPECT_THAT(Rows(TableFormat::kCsv, "k\n\"\"\n\na\n"),
              ElementsAre(Row{{"k", ""}}, Row{{"k", "a"}}));
  EXPECT_THAT(Rows(TableFormat::kCsv, "k,v\n,\n"), ElementsAre(Row()));
  // A carriage return of its own is a character.
  EXPECT_THAT(Rows(TableFormat::kCsv, "k\na\rb\n"), ElementsAre(Row{{"k", "a\rb"}}));
}

TEST(TableReaderTest, NamesTheLineOfWhatIsNoCsv) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "text: line 1: must hold the names"},
      {"\na,b", "line 1: must hold the names"},
      {"a,,b\n", "line 1: must hold the names"},
      {"a,\"\"\n", "line 1: must hold the names"},
      {"a,b,a\n", "line 1: names a column twice"},
      {"a,b\n1,2\n1\n", "line 3: has 1 values, but the first line has 2 names"},
      {"a,b\n1,2,3\n", "line 2: has 3 values"},
      {"a,b\n\"1\n\n1\",2\n3\n", "line 5: has 1 values"},
      {"a,b\n1,x\"y\n", "line 2: has a quote within"},
      {"a,b\n1, \"y\"\n", "line 2: has a quote within"},
      {"a,b\n1,\"y\"z\n", "line 2: has something between"},
      {"a,b\n1,\"y\" \n", "line 2: has something between"},
      {"a,b\n1,2\n1,\"y\n\n", "line 3: has a quote that is not closed"},
  };
  for (const auto& c : kCases)
    EXPECT_THAT(Error(TableFormat::kCsv, c.first), HasSubstr(c.second)) << c.first;
}

TEST(TableReaderTest, RefusesWhatIsNotUtf8OrTooLarge) {
  for (const TableFormat format : {TableFormat::kJson, TableFormat::kNdjson, TableFormat::kCsv}) {
    EXPECT_THAT(Error(format, "a\xFF"), HasSubstr("text: is not UTF-8"));
    EXPECT_THAT(Error(format, std::string(kMaxTableText + 1, ' ')), HasSubstr("is longer than"));
  }
  std::string rows = "k\n";
  while (rows.size() < kMaxTableBytes) rows += std::string(1000, 'x') + "\n";
  EXPECT_THAT(Error(TableFormat::kCsv, rows), HasSubstr("at most 900000 go into"));
}

TEST(TableReaderTest, TheVersionIsThatOfTheRowsHoweverTheyAreWritten) {
  const auto version = [](TableFormat format, const std::string& content) {
    pb::StaticTable table;
    table.set_name("t");
    table.set_version("mine");
    EXPECT_TRUE(ReadTable(format, "text", content, &table).ok()) << content;
    return table.version();
  };
  const std::string one = version(TableFormat::kCsv, "k,v\na,1\nb,2\n");
  EXPECT_THAT(one, SizeIs(16));
  EXPECT_EQ(version(TableFormat::kJson, R"([{"v":1,"k":"a"}, {"k":"b","v":"2"}])"), one);
  EXPECT_EQ(version(TableFormat::kNdjson, "{\"v\":1,\"k\":\"a\"}\n{\"k\":\"b\",\"v\":2}"), one);
  for (const char* other : {"k,v\nb,2\na,1\n", "k,v\na,1\n", "k,w\na,1\nb,2\n", "k,v\na,1\nb,\n"}) {
    EXPECT_NE(version(TableFormat::kCsv, other), one) << other;
  }
}

TEST(TableReaderTest, TheEndOfTheNameIsTheFormat) {
  EXPECT_EQ(*TableFormatOf("a/b.json"), TableFormat::kJson);
  EXPECT_EQ(*TableFormatOf("b.JSON"), TableFormat::kJson);
  EXPECT_EQ(*TableFormatOf("b.ndjson"), TableFormat::kNdjson);
  EXPECT_EQ(*TableFormatOf("b.jsonl"), TableFormat::kNdjson);
  EXPECT_EQ(*TableFormatOf("b.json.csv"), TableFormat::kCsv);
  for (const char* path : {"", "json", "b.txt", "b.json5", "b.csv.gz"}) {
    EXPECT_EQ(TableFormatOf(path).status().code(), absl::StatusCode::kInvalidArgument) << path;
  }
}

TEST(TableReaderTest, ReadsFiles) {
  const std::string path = testing::TempDir() + "table_reader_test.csv";
  std::ofstream(path, std::ios::binary) << "k,v\na,1\n\"";
  pb::StaticTable table;
  EXPECT_THAT(std::string(ReadTableFile(path, &table).message()),
              StartsWith(path + ": line 3: has a quote"));
  std::ofstream(path, std::ios::binary) << "k,v\na,1\n";
  EXPECT_TRUE(ReadTableFile(path, &table).ok());
  EXPECT_THAT(RowsOf(table), ElementsAre(kA));
  std::remove(path.c_str());
  EXPECT_EQ(ReadTableFile(path, &table).code(), absl::StatusCode::kNotFound);
}

// Whatever rows there are, written by RFC 4180 they are read back.
TEST(TableReaderTest, ReadsWhatRfc4180Writes) {
  const std::string pieces[] = {"a", ",", "\"", "\r\n", "\n", " ", "é", ""};
  std::mt19937_64 random(11);
  for (int round = 0; round < 500; ++round) {
    std::vector<Row> rows(random() % 5);
    std::string content = "x,y\r\n";
    for (Row& row : rows) {
      for (const char* name : {"x", "y"}) {
        std::string value;
        for (size_t n = random() % 5; n > 0; --n) value += pieces[random() % std::size(pieces)];
        std::string quoted = "\"";
        for (const char c : value) quoted += c == '"' ? "\"\"" : std::string(1, c);
        absl::StrAppend(&content, quoted, "\"", *name == 'x' ? "," : "\r\n");
        row[name] = value;
      }
    }
    ASSERT_EQ(Rows(TableFormat::kCsv, content), rows) << content;
  }
}

TEST(TableReaderTest, SurvivesAnyText) {
  const std::string pieces[] = {"[", "]", "{", "}", "\"", ",", ":", "\\", "\n", "k", "1", " "};
  std::mt19937_64 random(12);
  for (int round = 0; round < 20'000; ++round) {
    std::string content = random() % 2 == 0 ? "[" : "";
    for (size_t n = random() % 20; n > 0; --n) content += pieces[random() % std::size(pieces)];
    for (const TableFormat format : {TableFormat::kJson, TableFormat::kNdjson, TableFormat::kCsv}) {
      pb::StaticTable table;
      const absl::Status status = ReadTable(format, "text", content, &table);
      EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << content;
    }
  }
}

}  // namespace
}  // namespace windrow::aggregator
