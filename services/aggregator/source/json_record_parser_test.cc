#include "services/aggregator/source/json_record_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace windrow::aggregator {
namespace {

using Reason = DeadLetterReason;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr char kSample[] =
    R"({"crime_id":"183653763","original_crime_type_name":"Traffic Stop",)"
    R"("report_date":"2018-12-31T00:00:00.000","call_date_time":"2018-12-31T23:57:00.000",)"
    R"("address":"Geary Bl\/Divisadero \"St\" \u00e9","priority":3,"agency_id":-1.5e2,"open":true,)"
    R"("disposition":"ADM","notes":null,"nested":{"disposition":"XX","a":[1,{"b":"}"}]},)"
    R"("list":["call_date_time",2,[false]]})";

PipelinePlan MakePlan(std::vector<std::string> fields) {
  PipelinePlan plan;
  plan.event_time_field = "call_date_time";
  plan.fields = std::move(fields);
  return plan;
}

// What a parse gave, as values of its own.
struct Parsed {
  absl::optional<Reason> reason;
  absl::optional<std::string> time;
  std::vector<absl::optional<std::string>> values;
};

absl::optional<std::string> Copy(const absl::optional<absl::string_view>& text) {
  return text.has_value() ? absl::make_optional(std::string(*text)) : absl::nullopt;
}

Parsed Parse(JsonRecordParser* parser, absl::string_view record) {
  RecordFields fields;
  Parsed parsed;
  parsed.reason = parser->Parse(record, &fields);
  parsed.time = Copy(fields.event_time);
  for (const auto& value : fields.values) parsed.values.push_back(Copy(value));
  return parsed;
}

class JsonRecordParserTest : public testing::Test {
 protected:
  Parsed Parse(absl::string_view record) { return aggregator::Parse(&parser_, record); }
  // The value of field "type".
  absl::optional<std::string> Type(const std::string& value) {
    const Parsed parsed = Parse(absl::StrCat(R"({"call_date_time":"t","type":)", value, "}"));
    EXPECT_EQ(parsed.reason, absl::nullopt) << value;
    return parsed.values[0];
  }

  JsonRecordParser parser_{MakePlan({"type", "disposition"})};
};

TEST_F(JsonRecordParserTest, ProcessorOfTheTestsIsFit) {
  EXPECT_TRUE(JsonRecordParser::CheckProcessor().ok());
}

TEST_F(JsonRecordParserTest, TakesTheFieldsOfARecord) {
  JsonRecordParser parser(MakePlan({"original_crime_type_name", "disposition", "priority",
                                    "agency_id", "open", "notes", "missing", "address"}));
  const Parsed parsed = aggregator::Parse(&parser, kSample);
  EXPECT_EQ(parsed.reason, absl::nullopt);
  EXPECT_EQ(parsed.time, "2018-12-31T23:57:00.000");
  EXPECT_THAT(parsed.values,
              ElementsAre(Optional(Eq("Traffic Stop")), Optional(Eq("ADM")), Optional(Eq("3")),
                          Optional(Eq("-1.5e2")), Optional(Eq("true")), Eq(absl::nullopt),
                          Eq(absl::nullopt), Optional(Eq("Geary Bl/Divisadero \"St\" é"))));
}

TEST_F(JsonRecordParserTest, EventTimeMayAlsoBeAGroup) {
  JsonRecordParser parser(MakePlan({"type", "call_date_time"}));
  const Parsed parsed = aggregator::Parse(&parser, R"({"call_date_time":"t"})");
  EXPECT_EQ(parsed.time, "t");
  EXPECT_THAT(parsed.values, ElementsAre(Eq(absl::nullopt), Optional(Eq("t"))));
}

TEST_F(JsonRecordParserTest, ATimeMayBeANumberWhereTheFormatIsOne) {
  PipelinePlan plan = MakePlan({"call_date_time"});
  plan.event_time_format.kind = EventTimeFormat::Kind::kEpochSeconds;
  JsonRecordParser parser(plan);
  for (const char* value : {"1546300620.25", "-1", "1e9", "\"1546300620.25\"", "\"x\""}) {
    const Parsed parsed =
        aggregator::Parse(&parser, absl::StrCat(R"({"call_date_time":)", value, " }"));
    EXPECT_EQ(parsed.reason, absl::nullopt) << value;
    const absl::string_view text(value);
    EXPECT_EQ(parsed.time, text[0] == '"' ? text.substr(1, text.size() - 2) : text) << value;
  }
  const Parsed null = aggregator::Parse(&parser, R"({"call_date_time":null})");
  EXPECT_EQ(null.reason, absl::nullopt);
  EXPECT_EQ(null.time, absl::nullopt);
  for (const char* value : {"true", "[1]", "{}"}) {
    EXPECT_EQ(aggregator::Parse(&parser, absl::StrCat(R"({"call_date_time":)", value, "}")).reason,
              Reason::kWrongType);
  }
  // Text formats take text only, a pattern of digits too.
  plan.event_time_format.kind = EventTimeFormat::Kind::kPattern;
  JsonRecordParser texts(plan);
  EXPECT_EQ(aggregator::Parse(&texts, R"({"call_date_time":20181231})").reason, Reason::kWrongType);
}

TEST_F(JsonRecordParserTest, ForgetsTheRecordBefore) {
  EXPECT_EQ(Parse(R"({"call_date_time":"t","type":"a","disposition":"b"})").values[1], "b");
  const Parsed parsed = Parse(R"({"type":"c"})");
  EXPECT_EQ(parsed.time, absl::nullopt);
  EXPECT_THAT(parsed.values, ElementsAre(Optional(Eq("c")), Eq(absl::nullopt)));
  EXPECT_EQ(Parse("{").reason, Reason::kNotJson);
  EXPECT_THAT(Parse("{}").values, ElementsAre(Eq(absl::nullopt), Eq(absl::nullopt)));
}

TEST_F(JsonRecordParserTest, ValuesOfGroupsAreTakenAsText) {
  EXPECT_EQ(Type(R"("")"), "");
  EXPECT_EQ(Type(R"("a\tb\u0000c\ud83d\ude00")"), std::string("a\tb\0c😀", 9));
  EXPECT_EQ(Type(R"("\u0031")"), "1");
  EXPECT_EQ(Type("true"), "true");
  EXPECT_EQ(Type(" false \n"), "false");
  EXPECT_EQ(Type("null"), absl::nullopt);
  for (const char* number :
       {"0", "-0", "1", "1.0", "1.50", "1e5", "1E+5", "-12.5e-3", "9007199254740993",
        // Larger than what 64 bits or a double hold: still numbers of JSON.
        "18446744073709551616", "123456789012345678901234567890", "1e400", "1e-400"}) {
    EXPECT_EQ(Type(number), number);
    EXPECT_EQ(Type(absl::StrCat("\t", number, " \r\n ")), number);
  }
}

TEST_F(JsonRecordParserTest, VerdictsOnOddRecords) {
  const std::string time = R"("call_date_time":"t")";
  struct Case {
    std::string record;
    absl::optional<Reason> reason;
  };
  const std::vector<Case> cases = {
      // An event time that is not there is found out when it is read.
      {"{}", absl::nullopt},
      {R"({"call_date_time":null})", absl::nullopt},
      {R"({"type":"x"})", absl::nullopt},
      {" \r\n\t{" + time + "} \n", absl::nullopt},
      {R"({"":1,)" + time + "}", absl::nullopt},
      {R"({"deep":[[[[{"a":[{}]}]]]],)" + time + "}", absl::nullopt},

      {"", Reason::kNotJson},
      {" ", Reason::kNotJson},
      {"\n", Reason::kNotJson},
      {std::string(1, '\0'), Reason::kNotJson},
      {"garbage", Reason::kNotJson},
      {"{", Reason::kNotJson},
      {"}", Reason::kNotJson},
      {"{" + time, Reason::kNotJson},
      {"{" + time + "}}", Reason::kNotJson},
      {"{" + time + "}{" + time + "}", Reason::kNotJson},
      {"{" + time + "}\n{" + time + "}", Reason::kNotJson},
      {"{" + time + "} x", Reason::kNotJson},
      {"{" + time + "},", Reason::kNotJson},
      {"{" + time + "}" + std::string(1, '\0'), Reason::kNotJson},
      {"{" + time + ",}", Reason::kNotJson},
      {"{," + time + "}", Reason::kNotJson},
      {"{" + time + R"( "type":"x"})", Reason::kNotJson},
      {R"({"call_date_time" "t"})", Reason::kNotJson},
      {R"({"call_date_time"})", Reason::kNotJson},
      {R"({"call_date_time":})", Reason::kNotJson},
      {R"({call_date_time:"t"})", Reason::kNotJson},
      {R"({'call_date_time':'t'})", Reason::kNotJson},
      {R"({"call_date_time":"t)", Reason::kNotJson},
      {R"({"call_date_time":t})", Reason::kNotJson},
      {"{" + time + R"(,"a":[1,2})", Reason::kNotJson},
      {"{" + time + R"(,"a":{"b":1})", Reason::kNotJson},
      {"{" + time + R"(,"a":1 2})", Reason::kNotJson},
      {"{" + time + R"(,"a":"b" "c"})", Reason::kNotJson},
      {"{" + time + R"(,"a":,"b":1})", Reason::kNotJson},
      {"{" + time + R"(,"a":},"b":1})", Reason::kNotJson},
      {"{" + time + R"(,"a":],"b":1})", Reason::kNotJson},
      {"{" + time + R"(,"a"::1,"b":1})", Reason::kNotJson},
      {"{" + time + R"(,"a":/* no */1})", Reason::kNotJson},
      // A byte order mark is not JSON (RFC 8259, 8.1).
      {"\xEF\xBB\xBF{" + time + "}", Reason::kNotJson},
      // UTF-8 is checked everywhere, and so are control characters in strings.
      {"{" + time + ",\"a\":\"\xFF\"}", Reason::kNotJson},
      {"{" + time + ",\"a\":\"\xC3\"}", Reason::kNotJson},
      {"{" + time + ",\"a\":\"\xC0\xAF\"}", Reason::kNotJson},
      {"{" + time + ",\"a\":\"\xED\xA0\x80\"}", Reason::kNotJson},
      {"{" + time + ",\"a\":\"\n\"}", Reason::kNotJson},
      {"{" + time + ",\"type\":\"a\tb\"}", Reason::kNotJson},
      {"{" + time + ",\"type\":\"a" + std::string(1, '\0') + "b\"}", Reason::kNotJson},
      // Spelling of the fields that are read.
      {R"({"call_date_time":"\x"})", Reason::kNotJson},
      {R"({"call_date_time":"\ud800"})", Reason::kNotJson},
      {"{" + time + R"(,"type":01})", Reason::kNotJson},
      {"{" + time + R"(,"type":1.})", Reason::kNotJson},
      {"{" + time + R"(,"type":.5})", Reason::kNotJson},
      {"{" + time + R"(,"type":+1})", Reason::kNotJson},
      {"{" + time + R"(,"type":-})", Reason::kNotJson},
      {"{" + time + R"(,"type":1e})", Reason::kNotJson},
      {"{" + time + R"(,"type":1e+})", Reason::kNotJson},
      {"{" + time + R"(,"type":0x10})", Reason::kNotJson},
      {"{" + time + R"(,"type":1a})", Reason::kNotJson},
      {"{" + time + ",\"type\":1\x01}", Reason::kNotJson},
      {"{" + time + R"(,"type":NaN})", Reason::kNotJson},
      {"{" + time + R"(,"type":Infinity})", Reason::kNotJson},
      {"{" + time + R"(,"type":tru})", Reason::kNotJson},
      {"{" + time + R"(,"type":truex})", Reason::kNotJson},
      {"{" + time + R"(,"type":nul})", Reason::kNotJson},
      {"{" + time + R"(,"type":nullx})", Reason::kNotJson},
      {"{" + time + R"(,"type":TRUE})", Reason::kNotJson},
      // A key that is not JSON could have been any.
      {"{" + time + R"(,"\x":1})", Reason::kNotJson},
      {"{" + time + R"(,"\ud800":1})", Reason::kNotJson},
      {"{" + time + R"(,"\u12":1})", Reason::kNotJson},

      {"[]", Reason::kNotAnObject},
      {"[{" + time + "}]", Reason::kNotAnObject},
      {"\"text\"", Reason::kNotAnObject},
      {"1", Reason::kNotAnObject},
      {"true", Reason::kNotAnObject},
      {"null", Reason::kNotAnObject},
      {" [1e400, {}] ", Reason::kNotAnObject},
      {" 1e400\n", Reason::kNotAnObject},
      // What only begins like JSON is none.
      {"not json", Reason::kNotJson},
      {"true story", Reason::kNotJson},
      {"2018-12-31 23:57 started", Reason::kNotJson},
      {"[2018-12-31 23:57] started", Reason::kNotJson},
      {"[1", Reason::kNotJson},
      {"\"text\" and more", Reason::kNotJson},
      {"\"\\x\"", Reason::kNotJson},
      {"01", Reason::kNotJson},

      {R"({"call_date_time":1546300620})", Reason::kWrongType},
      {R"({"call_date_time":true})", Reason::kWrongType},
      {R"({"call_date_time":["t"]})", Reason::kWrongType},
      {R"({"call_date_time":{"t":"t"}})", Reason::kWrongType},
      {"{" + time + R"(,"type":["a"]})", Reason::kWrongType},
      {"{" + time + R"(,"type":{}})", Reason::kWrongType},
      // Of a wrong type only if it is JSON at all.
      {"{" + time + R"(,"type":[})", Reason::kNotJson},
      {R"({"call_date_time":5)", Reason::kNotJson},
      {R"({"call_date_time":5} x)", Reason::kNotJson},
      {R"({"type":[],"call_date_time":"t)", Reason::kNotJson},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Parse(c.record).reason, c.reason) << "record: " << c.record;
  }
}

TEST_F(JsonRecordParserTest, FindsKeysWithEscapes) {
  const Parsed parsed =
      Parse(R"({"call_date\u005ftime":"t","\u0074ype":"a","dispo\u0073ition":7})");
  EXPECT_EQ(parsed.reason, absl::nullopt);
  EXPECT_EQ(parsed.time, "t");
  EXPECT_THAT(parsed.values, ElementsAre(Optional(Eq("a")), Optional(Eq("7"))));
  // An escape anywhere must not hide plain keys.
  EXPECT_EQ(Parse(R"({"x":"\n","type":"a"})").values[0], "a");
}

TEST_F(JsonRecordParserTest, OfAKeyThatStandsTwiceTheLastCounts) {
  const std::string time = R"("call_date_time":"t")";
  EXPECT_EQ(Parse(R"({"type":"a","type":"b"})").values[0], "b");
  EXPECT_EQ(Parse(R"({"type":"a","\u0074ype":"b"})").values[0], "b");
  EXPECT_EQ(Parse(R"({"type":"a","type":null})").values[0], absl::nullopt);
  EXPECT_EQ(Parse(R"({"call_date_time":"a","call_date_time":"b"})").time, "b");
  // Also when an earlier one is of a wrong type, or the last.
  const Parsed parsed = Parse(R"({"call_date_time":1,"type":[],"type":"a","call_date_time":"b"})");
  EXPECT_EQ(parsed.reason, absl::nullopt);
  EXPECT_EQ(parsed.time, "b");
  EXPECT_EQ(parsed.values[0], "a");
  EXPECT_EQ(Parse("{" + time + R"(,"call_date_time":5})").reason, Reason::kWrongType);
  EXPECT_EQ(Parse("{" + time + R"(,"type":"a","type":{}})").reason, Reason::kWrongType);
  EXPECT_EQ(Parse(R"({"type":{},"type":{},"type":"a"})").reason, absl::nullopt);
}

TEST_F(JsonRecordParserTest, SkipsNestedFields) {
  const Parsed parsed = Parse(
      R"({"a":{"type":"x","call_date_time":"x"},"b":[{"disposition":"x"}],"c":"type","type":"y"})");
  EXPECT_EQ(parsed.reason, absl::nullopt);
  EXPECT_EQ(parsed.time, absl::nullopt);
  EXPECT_THAT(parsed.values, ElementsAre(Optional(Eq("y")), Eq(absl::nullopt)));
}

TEST(JsonRecordParserKeys, TellsNamesApartThatShareABeginning) {
  const std::vector<std::string> names = {
      "a",          "ab",        "abcdef",     "abcdefg",
      "abcdefgh",   "abcdefghi", "abcdefgx",   "abcdefghj",
      "abcdefghij", "A",         "a b",        "é",
      "ééééé",      "call_date", "call_date_", "call_date_timezone"};
  JsonRecordParser parser(MakePlan(names));
  // All at once, each value its own name; then each alone.
  std::string record = "{\"call_date_time\":\"time\"";
  for (const std::string& name : names) absl::StrAppend(&record, ",\"", name, "\":\"", name, "\"");
  const Parsed all = Parse(&parser, record + "}");
  EXPECT_EQ(all.reason, absl::nullopt);
  EXPECT_EQ(all.time, "time");
  ASSERT_THAT(all.values, SizeIs(names.size()));
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(all.values[i], names[i]);
  for (size_t i = 0; i < names.size(); ++i) {
    const Parsed one = Parse(&parser, absl::StrCat("{\"", names[i], "\":\"v\"}"));
    for (size_t j = 0; j < names.size(); ++j) {
      EXPECT_EQ(one.values[j].has_value(), i == j) << names[i] << " " << names[j];
    }
  }
  for (const char* other : {"", "abc", "abcdefghijk", "abcdefghk", "call_date_tim",
                            "call_date_timf", "call_date_time_", "b", "aa"}) {
    const Parsed none = Parse(&parser, absl::StrCat("{\"", other, "\":\"v\"}"));
    EXPECT_EQ(none.time, absl::nullopt) << other;
    EXPECT_THAT(none.values, testing::Each(Eq(absl::nullopt))) << other;
  }
}

TEST(JsonRecordParserKeys, NamesThatNeedEscapes) {
  JsonRecordParser parser(MakePlan({"a\":\"b", "a\"b", "back\\slash", "line\nfeed"}));
  // The text of the first name, but two strings.
  EXPECT_EQ(Parse(&parser, R"({"a":"b"})").values[0], absl::nullopt);
  const Parsed parsed =
      Parse(&parser, R"({"a\":\"b":"1","a\"b":"2","back\\slash":"3","line\nfeed":"4"})");
  EXPECT_THAT(parsed.values, ElementsAre(Optional(Eq("1")), Optional(Eq("2")), Optional(Eq("3")),
                                         Optional(Eq("4"))));
}

TEST_F(JsonRecordParserTest, TruncatedAnywhereIsNeverAccepted) {
  JsonRecordParser parser(MakePlan({"original_crime_type_name", "disposition"}));
  const std::string sample = kSample;
  ASSERT_EQ(aggregator::Parse(&parser, sample).reason, absl::nullopt);
  for (size_t size = 0; size < sample.size(); ++size) {
    // On the heap and exactly as long, so that a sanitizer sees every byte read too much.
    const std::vector<char> record(sample.begin(), sample.begin() + static_cast<long>(size));
    EXPECT_EQ(aggregator::Parse(&parser, {record.data(), record.size()}).reason, Reason::kNotJson)
        << "at " << size;
  }
}

// What an earlier record has left behind in memory must not complete a later one.
TEST_F(JsonRecordParserTest, TheRecordBeforeCompletesNothing) {
  for (const std::string& whole : {std::string(R"({"call_date_time":"t","a":{"b":1}})"),
                                   std::string(R"({"call_date_time":"t","a":[{"b":{"c":[1]}}]})"),
                                   std::string(R"({"call_date_time":"t","type":12345})"),
                                   std::string(R"({"call_date_time":"t","type":true})"),
                                   std::string(R"({"call_date_time":"t","type":null})"),
                                   std::string(R"({"a":{"b":{}},"call_date_time":"t"})")}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(Parse(whole).reason, absl::nullopt);
      EXPECT_EQ(Parse(whole.substr(0, size)).reason, Reason::kNotJson) << whole.substr(0, size);
    }
    for (const char c : {'}', ',', ':', '"', '1'}) {
      // Room for a longer record, all of it the same byte.
      Parse(whole + std::string(100, c));
      EXPECT_EQ(Parse(whole).reason, absl::nullopt) << whole << c;
      Parse(whole + std::string(100, c));
      EXPECT_EQ(Parse(whole.substr(0, whole.size() - 1)).reason, Reason::kNotJson) << whole << c;
    }
  }
}

TEST_F(JsonRecordParserTest, ARecordWithoutValueIsNotJson) {
  EXPECT_EQ(Parse(absl::string_view(nullptr, 0)).reason, Reason::kNotJson);
}

TEST_F(JsonRecordParserTest, LimitsTheSize) {
  const std::string head = R"({"call_date_time":"t","a":")";
  const auto of_size = [&](size_t size) {
    return absl::StrCat(head, std::string(size - head.size() - 2, 'x'), "\"}");
  };
  EXPECT_EQ(Parse(of_size(JsonRecordParser::kMaxRecordBytes)).reason, absl::nullopt);
  EXPECT_EQ(Parse(of_size(JsonRecordParser::kMaxRecordBytes + 1)).reason, Reason::kTooLarge);
  EXPECT_EQ(Parse(std::string(5'000'000, ' ')).reason, Reason::kTooLarge);
  EXPECT_EQ(Parse(R"({"call_date_time":"t"})").reason, absl::nullopt);
}

// A group's key goes into frames, and twice into rows: one record must not make a batch that the
// broker refuses again and again.
TEST_F(JsonRecordParserTest, LimitsWhatGroupsAreMadeOf) {
  const auto with = [&](size_t type, size_t disposition, size_t other) {
    return absl::StrCat(R"({"call_date_time":"t","type":")", std::string(type, 'x'),
                        R"(","disposition":")", std::string(disposition, 'y'), R"(","other":")",
                        std::string(other, 'z'), "\"}");
  };
  const size_t most = JsonRecordParser::kMaxValueBytes;
  EXPECT_EQ(Parse(with(most, 0, 500'000)).reason, absl::nullopt);
  EXPECT_EQ(Parse(with(most + 1, 0, 0)).reason, Reason::kTooLarge);
  EXPECT_EQ(Parse(with(most - 10, 10, 0)).reason, absl::nullopt);
  EXPECT_EQ(Parse(with(most - 10, 11, 0)).reason, Reason::kTooLarge);
}

TEST_F(JsonRecordParserTest, SurvivesDeepNesting) {
  for (const size_t depth : {10, 1000, 100'000, 450'000}) {
    const std::string open(depth, '[');
    const std::string close(depth, ']');
    EXPECT_EQ(Parse(absl::StrCat("{\"type\":\"x\",\"a\":", open, close, "}")).values[0], "x");
    EXPECT_EQ(Parse(absl::StrCat("{\"a\":", open, close)).reason, Reason::kNotJson);
    EXPECT_EQ(Parse(absl::StrCat("{\"a\":", open, "}")).reason, Reason::kNotJson);
    EXPECT_EQ(Parse(absl::StrCat("{\"type\":", open, close, "}")).reason, Reason::kWrongType);
    EXPECT_EQ(Parse(open).reason, Reason::kNotJson);
    EXPECT_EQ(Parse(absl::StrCat(open, close)).reason, Reason::kNotAnObject);
  }
}

// One random change of a record: a byte, a cut, a repetition, or a token of JSON put in.
std::string Mutate(std::string record, std::mt19937* random) {
  static constexpr absl::string_view kTokens[] = {
      "{",         "}",    "[",    "]",    ",",     ":",     "\"",
      "\\",        "null", "true", "1",    "-",     "e",     ".",
      " ",         "\n",   "\xC3", "\x80", "/",     "\\u00", "\"a\"",
      "\"type\":", "{}",   "[1]",  "\"}",  "\",\"", "0",     "99999999999999999999"};
  const auto below = [&](size_t bound) { return (*random)() % bound; };
  const size_t at = below(record.size());
  const size_t length = 1 + below(std::min<size_t>(record.size() - at, 12));
  switch (below(5)) {
    case 0:
      record[at] = static_cast<char>(below(256));
      break;
    case 1:
      record.erase(at, length);
      break;
    case 2:
      record.insert(at, record.substr(at, length));
      break;
    case 3:
      record.insert(at, std::string(kTokens[below(std::size(kTokens))]));
      break;
    default:
      record.replace(at, length, std::string(kTokens[below(std::size(kTokens))]));
  }
  return record;
}

// What a DOM says of the record: the last values of its fields; nullopt when it is no object.
absl::optional<std::map<std::string, simdjson::dom::element>> ReadDom(simdjson::dom::parser* parser,
                                                                      const std::string& record) {
  simdjson::dom::object object;
  if (parser->parse(record).get(object) != simdjson::SUCCESS) return absl::nullopt;
  std::map<std::string, simdjson::dom::element> fields;
  for (const auto field : object) fields[std::string(field.key)] = field.value;
  return fields;
}

// Whether the text is what the DOM has under that name.
bool Agrees(const absl::optional<std::string>& text,
            const std::map<std::string, simdjson::dom::element>& fields, const std::string& name) {
  const auto field = fields.find(name);
  if (field == fields.end() || field->second.is_null()) return !text.has_value();
  if (!text.has_value()) return false;
  std::string_view string;
  double number = 0;
  bool truth = false;
  if (field->second.get(string) == simdjson::SUCCESS) return *text == string;
  if (field->second.get(number) == simdjson::SUCCESS) return std::atof(text->c_str()) == number;
  return field->second.get(truth) == simdjson::SUCCESS && *text == (truth ? "true" : "false");
}

// simdjson's DOM checks everything; we do not look at the spelling of values that nobody needs.
TEST(JsonRecordParserFuzz, AgreesWithADom) {
  const std::vector<std::string> names = {"original_crime_type_name", "disposition", "priority",
                                          "open", "address"};
  JsonRecordParser parser(MakePlan(names));
  simdjson::dom::parser dom;
  std::mt19937 random(20181231);
  int accepted_by_both = 0;
  int refused_by_both = 0;
  int accepted_by_us_only = 0;
  for (int i = 0; i < 40'000; ++i) {
    std::string record = Mutate(kSample, &random);
    for (int more = i % 3; more > 0 && !record.empty(); --more) record = Mutate(record, &random);
    const Parsed ours = Parse(&parser, record);
    const auto theirs = ReadDom(&dom, record);
    const bool no_object = ours.reason == Reason::kNotJson || ours.reason == Reason::kNotAnObject;
    if (!theirs.has_value()) {
      (no_object ? refused_by_both : accepted_by_us_only) += 1;
      continue;
    }
    ASSERT_FALSE(no_object) << record;
    ++accepted_by_both;
    if (ours.reason.has_value()) continue;
    EXPECT_TRUE(Agrees(ours.time, *theirs, "call_date_time")) << record;
    for (size_t n = 0; n < names.size(); ++n) {
      EXPECT_TRUE(Agrees(ours.values[n], *theirs, names[n])) << names[n] << " in " << record;
    }
  }
  RecordProperty("accepted_by_both", accepted_by_both);
  RecordProperty("refused_by_both", refused_by_both);
  RecordProperty("accepted_by_us_only", accepted_by_us_only);
  EXPECT_GT(accepted_by_both, 5'000);
  EXPECT_GT(refused_by_both, 10'000);
  EXPECT_LT(accepted_by_us_only, 4'000);
}

// Where every value is needed there is nothing to skip: then the verdicts are the same.
TEST(JsonRecordParserFuzz, AgreesWithADomOnEveryVerdictWhenAllFieldsAreNeeded) {
  const std::string sample =
      R"({"call_date_time":"2018-12-31T23:57:00.000","a":"x\u00e9\n","b":-12.5e1,"c":true,"d":null})";
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  JsonRecordParser parser(MakePlan(names));
  simdjson::dom::parser dom;
  std::mt19937 random(7);
  int differences_in_unknown_keys = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string record = Mutate(sample, &random);
    const Parsed ours = Parse(&parser, record);
    const auto theirs = ReadDom(&dom, record);
    const bool no_object = ours.reason == Reason::kNotJson || ours.reason == Reason::kNotAnObject;
    if (theirs.has_value() || no_object) {
      EXPECT_EQ(theirs.has_value(), !no_object) << record;
      continue;
    }
    // The change has made a key unknown or a value an array, or a number larger than a DOM takes.
    ++differences_in_unknown_keys;
  }
  EXPECT_LT(differences_in_unknown_keys, 600);
}

// A parser takes a record by the shape of those before, if it can: as a new parser takes it.
TEST(JsonRecordParserFuzz, TheRecordsBeforeChangeNothing) {
  const std::string sample =
      R"({"crime_id":"183653763", "type":"Traffic Stop","report_date":"2018-12-31T00:00:00.000",)"
      R"("call_date_time":"2018-12-31T23:57:00.000","address":"Geary Bl\/divisadero St","count":3,)"
      R"("name":"Caf\u00e9 \"é\"","open":true,"disposition":"ADM","common_location":""})";
  PipelinePlan plan = MakePlan({"type", "disposition", "count"});
  JsonRecordParser parser(plan);
  std::mt19937 random(5);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string record = Mutate(sample, &random);
    for (int more = i % 3; more > 0 && !record.empty(); --more) record = Mutate(record, &random);
    ASSERT_EQ(Parse(&parser, sample).reason, absl::nullopt);
    const Parsed after_others = Parse(&parser, record);
    JsonRecordParser other(plan);
    const Parsed alone = Parse(&other, record);
    ASSERT_EQ(after_others.reason, alone.reason) << record;
    (alone.reason.has_value() ? refused : accepted) += 1;
    if (alone.reason.has_value()) continue;
    ASSERT_EQ(after_others.time, alone.time) << record;
    ASSERT_EQ(after_others.values, alone.values) << record;
  }
  EXPECT_GT(accepted, 10'000);
  EXPECT_GT(refused, 10'000);
}

TEST(JsonRecordParserFuzz, SurvivesRandomBytes) {
  JsonRecordParser parser(MakePlan({"type"}));
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string record = i % 2 == 0 ? "" : "{\"type\":";
    const size_t size = random() % 200;
    for (size_t j = 0; j < size; ++j) record.push_back(static_cast<char>(random() % 256));
    Parse(&parser, record);
  }
}

}  // namespace
}  // namespace windrow::aggregator
