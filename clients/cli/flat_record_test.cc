#include "clients/cli/flat_record.h"

#include "gtest/gtest.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::cli {
namespace {

using Pair = std::pair<std::string, std::string>;

TEST(FlatRecordTest, AMessageHasAllItsFields) {
  query::v1::Window window;
  window.set_name("w");
  window.mutable_start_time()->set_seconds(1546300200);
  window.set_rows(3);
  EXPECT_EQ(Flatten(window), (FlatRecord{{"name", "w"},
                                         {"start_time", "2018-12-31T23:50:00Z"},
                                         {"end_time", ""},
                                         {"final", "false"},
                                         {"rows", "3"},
                                         {"accepted", "0"},
                                         {"late", "0"},
                                         {"revision", "0"},
                                         {"closed_through_time", ""}}));
}

TEST(FlatRecordTest, WhatIsInsideHasItsPathAndListsAreJson) {
  query::v1::Result row;
  row.mutable_version()->set_offset(7);
  auto* field = row.add_group();
  field->set_name("type");
  field->set_string_value("a,b");
  const FlatRecord record = Flatten(row);
  EXPECT_NE(std::find(record.begin(), record.end(), Pair("version.partition", "0")), record.end());
  EXPECT_NE(std::find(record.begin(), record.end(), Pair("version.offset", "7")), record.end());
  EXPECT_NE(std::find(record.begin(), record.end(),
                      Pair("group", R"([{"name":"type","string_value":"a,b"}])")),
            record.end());
  EXPECT_NE(std::find(record.begin(), record.end(), Pair("values", "")), record.end());
}

TEST(FlatRecordTest, AJsonObject) {
  EXPECT_EQ(FlattenJson(R"({"a":"x","b":null,"c":{"d":1.5,"e":[1,"y"]},"f":true,"g":1e20})"),
            (FlatRecord{{"a", "x"},
                        {"b", ""},
                        {"c.d", "1.5"},
                        {"c.e", R"([1,"y"])"},
                        {"f", "true"},
                        {"g", "1e+20"}}));
  EXPECT_TRUE(FlattenJson("[1]").empty());
}

}  // namespace
}  // namespace windrow::cli
