#include "clients/cli/record_line.h"

#include "gtest/gtest.h"
#include "windrow/control/v1/control.pb.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::cli {
namespace {

kafka::RecordView Record(absl::string_view topic, absl::string_view value) {
  kafka::RecordView record;
  record.topic = topic;
  record.partition = 2;
  record.offset = 17;
  record.timestamp_ms = 1546300200123;
  record.has_value = true;
  record.value = value;
  return record;
}

TEST(RecordLineTest, ShowsOtherValuesAsTheyAre) {
  EXPECT_EQ(RecordTextLine(Record("calls", R"({"a": 1})"), {}), R"(2:17 {"a": 1})");
  EXPECT_EQ(RecordTextLine(Record("calls", "not\njson\x1b"), {{"reason", "not-json"}}),
            R"(2:17 reason=not-json not\x0ajson\x1b)");
}

TEST(RecordLineTest, EmbedsJsonWithItsDigits) {
  EXPECT_EQ(RecordJsonLine(Record("calls", "{\"a\" : 1.50,\n\"b\": 1e400}"), {}),
            R"({"topic":"calls","partition":2,"offset":17,"timestamp":"2018-12-31T23:50:00.123Z",)"
            R"("key":null,"value":"{\"a\" : 1.50,\n\"b\": 1e400}","headers":{}})")
      << "a number that no double holds is not taken for JSON, but is not lost either";
  EXPECT_NE(RecordJsonLine(Record("calls", "{\"a\" : 1.50}"), {}).find(R"("value":{"a":1.50})"),
            std::string::npos);
}

TEST(RecordLineTest, OtherTextBecomesAString) {
  EXPECT_NE(RecordJsonLine(Record("calls", "{\"a\":"), {{"h\"", "v"}})
                .find(R"("value":"{\"a\":","headers":{"h\"":"v"}})"),
            std::string::npos);
}

TEST(RecordLineTest, MissingKeyAndValueAreNull) {
  kafka::RecordView record = Record("calls", "");
  record.has_value = false;
  EXPECT_EQ(RecordTextLine(record, {}), "2:17 null");
  EXPECT_NE(RecordJsonLine(record, {}).find(R"("key":null,"value":null)"), std::string::npos);
}

TEST(RecordLineTest, DecodesResultsByTheTopicsName) {
  results::v1::ResultKey key;
  key.mutable_row()->set_view("calls-by-type");
  results::v1::ResultRecord value;
  value.mutable_row()->set_view("calls-by-type");
  value.mutable_row()->set_accepted(3);
  const std::string key_bytes = key.SerializeAsString();
  const std::string value_bytes = value.SerializeAsString();
  kafka::RecordView record = Record("sf-calls.results", value_bytes);
  record.has_key = true;
  record.key = key_bytes;
  EXPECT_EQ(RecordTextLine(record, {}), R"(2:17 key={"row":{"view":"calls-by-type"}} )"
                                        R"({"row":{"view":"calls-by-type","accepted":"3"}})");
  EXPECT_NE(RecordJsonLine(record, {})
                .find(R"("key":{"row":{"view":"calls-by-type"}},)"
                      R"("value":{"row":{"view":"calls-by-type","accepted":"3"}})"),
            std::string::npos);
}

TEST(RecordLineTest, DecodesTheControlLog) {
  control::v1::Proposal proposal;
  proposal.set_pipeline("pipelines/sf-calls");
  proposal.mutable_drain();
  const std::string bytes = proposal.SerializeAsString();
  EXPECT_EQ(RecordTextLine(Record("windrow.control", bytes), {}),
            R"(2:17 {"pipeline":"pipelines/sf-calls","drain":{}})");
}

TEST(RecordLineTest, BytesOfAnotherFormatUnderANameLikeOursAreShownAsTheyAre) {
  EXPECT_EQ(RecordTextLine(Record("my.results", "hello"), {}), "2:17 hello");
}

}  // namespace
}  // namespace windrow::cli
