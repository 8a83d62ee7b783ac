#include "services/producer/core/call_generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/producer/core/event_time.h"

namespace windrow::producer {
namespace {

constexpr int64_t kStart = 1543622400;  // 2018-12-01T00:00:00Z
constexpr const char* kFields[] = {"crime_id",       "original_crime_type_name",
                                   "report_date",    "call_date",
                                   "offense_date",   "call_time",
                                   "call_date_time", "disposition",
                                   "address",        "city",
                                   "state",          "agency_id",
                                   "address_type",   "common_location"};

using Options = CallGeneratorOptions;
using Values = std::map<std::string, std::string>;

Options Records(int64_t records) {
  Options options;
  options.records = records;
  return options;
}

std::vector<std::string> Texts(const Options& options) {
  CallGenerator generator(options);
  std::vector<std::string> texts;
  for (int64_t i = 0; i < options.records; ++i) texts.emplace_back(generator.Get(i).text);
  return texts;
}

// FNV-1a, 64 bits, of the records with a line break after each.
uint64_t HashOf(const std::vector<std::string>& texts) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const std::string& text : texts) {
    for (unsigned char c : text + "\n") hash = (hash ^ c) * 0x100000001b3u;
  }
  return hash;
}

// Takes `word` off the front of `text`.
bool Take(absl::string_view word, absl::string_view* text) {
  if (text->substr(0, word.size()) != word) return false;
  text->remove_prefix(word.size());
  return true;
}

// Takes a JSON string off the front; the only escape that calls have is a slash's.
bool TakeString(absl::string_view* text, std::string* value) {
  value->clear();
  if (!Take("\"", text)) return false;
  while (!text->empty() && !Take("\"", text)) {
    if (Take("\\", text) && text->substr(0, 1) != "/") return false;
    value->append(text->data(), 1);
    text->remove_prefix(1);
    if (text->empty()) return false;
  }
  return true;
}

// The 14 fields of a record; empty when it is broken in any way.
Values Parse(absl::string_view text) {
  Values values;
  std::string key, value;
  for (size_t i = 0; i < std::size(kFields); ++i) {
    if (!Take(i == 0 ? "{" : ",", &text) || !TakeString(&text, &key) || key != kFields[i] ||
        !Take(":", &text) || !TakeString(&text, &value)) {
      return {};
    }
    values[key] = value;
  }
  if (text != "}" || !ParseEventTime(values["call_date_time"]).has_value()) return {};
  return values;
}

// These bytes never change: recounts, benchmarks and documents rely on them.
TEST(CallGeneratorTest, GoldenBytes) {
  EXPECT_EQ(HashOf(Texts(Records(1000))), 3730115967430391276u);
  Options other = Records(1000);
  other.seed = 42;
  other.events_per_minute = 7.5;
  other.max_disorder_seconds = 1800;
  other.late_fraction = 0.02;
  other.broken_records = 20;
  EXPECT_EQ(HashOf(Texts(other)), 15663985444032196682u);
}

TEST(CallGeneratorTest, RecordsDependOnSeedAndIndexAlone) {
  const std::vector<std::string> all = Texts(Records(500));
  CallGenerator generator(Records(500));
  for (int64_t i = 499; i >= 0; --i) ASSERT_EQ(generator.Get(i).text, all[i]) << i;
  CallGenerator longer(Records(1'000'000'000));
  for (int64_t i = 0; i < 500; ++i) ASSERT_EQ(longer.Get(i).text, all[i]) << i;
  Options seeded = Records(500);
  seeded.seed = 1;
  EXPECT_NE(Texts(seeded), all);
}

TEST(CallGeneratorTest, ValuesHaveTheShapesOfRealCalls) {
  std::set<std::string> types, ids;
  for (const std::string& text : Texts(Records(20'000))) {
    Values call = Parse(text);
    ASSERT_FALSE(call.empty()) << text;
    ASSERT_GT(text.size(), 300u);
    ASSERT_LT(text.size(), 520u);
    const std::string day = call["call_date_time"].substr(0, 10);
    ASSERT_EQ(call["call_date"], day + "T00:00:00.000");
    ASSERT_EQ(call["report_date"], call["call_date"]);
    ASSERT_EQ(call["offense_date"], call["call_date"]);
    ASSERT_EQ(call["call_date_time"], day + "T" + call["call_time"] + ":00.000");
    ASSERT_EQ(call["state"] + call["agency_id"], "CA1");
    ASSERT_EQ(call["address_type"] == "Common Location", !call["common_location"].empty());
    ASSERT_EQ(call["crime_id"].substr(0, 4), "1833");
    types.insert(call["original_crime_type_name"]);
    ids.insert(call["crime_id"]);
  }
  EXPECT_GE(types.size(), 60u);
  EXPECT_EQ(ids.size(), 20'000u);
}

TEST(CallGeneratorTest, FrequenciesAreSkewedAndMostDispositionsAreInTheTable) {
  const std::set<std::string> table = {"ABA", "ADM", "ADV", "ARR", "CAN", "CSA", "22",
                                       "CIT", "CRM", "GOA", "HAN", "NCR", "ND",  "NOM",
                                       "PAS", "REP", "SFD", "UTL", "VAS"};
  std::map<std::string, int> types;
  std::set<std::string> seen;
  int in_table = 0;
  for (const std::string& text : Texts(Records(50'000))) {
    Values call = Parse(text);
    ++types[call["original_crime_type_name"]];
    in_table += table.count(call["disposition"]);
    seen.insert(call["disposition"]);
  }
  EXPECT_NEAR(types["Passing Call"], 50'000 * 0.188, 500);
  EXPECT_NEAR(types["Traffic Stop"], 50'000 * 0.104, 500);
  EXPECT_GT(in_table, 42'000);
  EXPECT_LT(in_table, 48'000);
  for (const std::string& code : table) EXPECT_EQ(seen.count(code), 1u) << code;
  EXPECT_EQ(seen.count("Not recorded") + seen.count(""), 2u);
}

TEST(CallGeneratorTest, EventTimesAdvanceEvenly) {
  Options options = Records(60'000);
  options.events_per_minute = 60;
  CallGenerator generator(options);
  int64_t last = 0;
  for (int64_t i = 0; i < options.records; ++i) {
    const GeneratedCall call = generator.Get(i);
    ASSERT_EQ(call.event_time_s % 60, 0);
    ASSERT_GE(call.event_time_s, last);
    ASSERT_EQ(call.event_time_s, kStart + i / 60 * 60) << i;
    last = call.event_time_s;
  }
}

TEST(CallGeneratorTest, SlowRatesJitterWithinTheirTurn) {
  Options options = Records(5'000);
  options.events_per_minute = 0.1;
  CallGenerator generator(options);
  std::set<int64_t> minutes;
  for (int64_t i = 0; i < options.records; ++i) {
    const int64_t time = generator.Get(i).event_time_s;
    ASSERT_GE(time, kStart + i * 600);
    ASSERT_LT(time, kStart + (i + 1) * 600);
    minutes.insert(time % 600);
  }
  EXPECT_EQ(minutes.size(), 10u);
}

TEST(CallGeneratorTest, DisorderIsBounded) {
  Options options = Records(50'000);
  options.max_disorder_seconds = 1800;
  CallGenerator generator(options);
  int64_t latest = 0, furthest_back = 0;
  for (int64_t i = 0; i < options.records; ++i) {
    const int64_t time = generator.Get(i).event_time_s;
    latest = std::max(latest, time);
    furthest_back = std::max(furthest_back, latest - time);
  }
  EXPECT_LE(furthest_back, 1800);
  EXPECT_GE(furthest_back, 1740);
}

TEST(CallGeneratorTest, LateRecordsAreMovedBackByHours) {
  Options options = Records(100'000);
  options.late_fraction = 0.03;
  CallGenerator late(options), punctual(Records(100'000));
  int count = 0;
  for (int64_t i = 0; i < options.records; ++i) {
    const int64_t back = punctual.Get(i).event_time_s - late.Get(i).event_time_s;
    if (back == 0) continue;
    ++count;
    ASSERT_GE(back, 2 * 3600);
    ASSERT_LE(back, 48 * 3600 + 60);
  }
  EXPECT_NEAR(count, 3000, 250);
}

TEST(CallGeneratorTest, BrokenRecordsAreExactlyAsManyAsAskedFor) {
  for (int64_t broken : {0, 1, 5, 6, 37, 999, 1000}) {
    Options options = Records(1000);
    options.seed = 11;
    options.broken_records = broken;
    CallGenerator generator(options);
    int64_t marked = 0;
    for (int64_t i = 0; i < options.records; ++i) {
      const GeneratedCall call = generator.Get(i);
      marked += call.broken;
      ASSERT_EQ(Parse(call.text).empty(), call.broken) << call.text;
      ASSERT_EQ(call.text.find('\n'), absl::string_view::npos);
    }
    EXPECT_EQ(marked, broken);
  }
}

TEST(CallGeneratorTest, BrokenRecordsAreSpreadAndOfSixKinds) {
  Options options = Records(60'000);
  options.broken_records = 600;
  CallGenerator generator(options);
  std::map<char, int> kinds;
  int in_first_tenth = 0;
  for (int64_t i = 0; i < options.records; ++i) {
    const GeneratedCall call = generator.Get(i);
    if (!call.broken) continue;
    in_first_tenth += i < 6'000;
    const std::string text(call.text);
    if (text[0] == '*') {
      ++kinds['n'];
    } else if (text[0] == '[') {
      ++kinds['a'];
    } else if (text.back() != '}') {
      ++kinds['t'];
    } else if (text.find("call_date_time") == std::string::npos) {
      ++kinds['m'];
    } else if (text.find("\"call_date_time\":\"") == std::string::npos) {
      ++kinds['w'];
    } else {
      ++kinds['u'];
    }
  }
  EXPECT_EQ(in_first_tenth, 60);
  ASSERT_EQ(kinds.size(), 6u);
  for (const auto& [kind, count] : kinds) EXPECT_EQ(count, 100) << kind;
}

TEST(CallGeneratorTest, OptionsDoNotChangeTheValuesOfOthers) {
  Options options = Records(2'000);
  options.late_fraction = 0.5;
  options.max_disorder_seconds = 600;
  const std::vector<std::string> plain = Texts(Records(2'000)), moved = Texts(options);
  for (size_t i = 0; i < plain.size(); ++i) {
    Values a = Parse(plain[i]), b = Parse(moved[i]);
    for (const char* field : {"crime_id", "original_crime_type_name", "disposition", "address"}) {
      ASSERT_EQ(a[field], b[field]);
    }
  }
}

}  // namespace
}  // namespace windrow::producer
