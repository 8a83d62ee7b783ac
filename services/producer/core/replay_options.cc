#include "services/producer/core/replay_options.h"

#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace windrow::producer {
namespace {

constexpr int64_t kMaxRecords = 10'000'000'000;
constexpr double kMaxRatePerSecond = 1e9;
constexpr double kMaxEventsPerMinute = 6e9;
constexpr int64_t kMaxDisorderSeconds = 366 * 24 * 3600;
// Event times are counted from the start in 10 ns as int64, and years have four digits.
constexpr double kMaxSpanMinutes = 2000.0 * 366 * 24 * 60;
constexpr size_t kMaxTopicLength = 249;  // Kafka's own limit.

using Problems = std::vector<OptionProblem>;

bool IsTopicCharacter(char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-'; }

void CheckTopic(absl::string_view topic, Problems* problems) {
  bool valid = !topic.empty() && topic.size() <= kMaxTopicLength && topic != "." && topic != "..";
  for (char c : topic) valid = valid && IsTopicCharacter(c);
  if (valid) return;
  problems->push_back({"topic", "must be 1 to 249 letters, digits, '.', '_' or '-'"});
}

void CheckDataset(const DatasetOptions& dataset, Problems* problems) {
  if (dataset.path.empty()) problems->push_back({"dataset.path", "must name a file"});
  if (dataset.event_time_field.empty()) {
    problems->push_back({"dataset.event_time_field", "must name a field"});
  }
}

void CheckEventTimes(const CallGeneratorOptions& generator, Problems* problems) {
  const double rate = generator.events_per_minute;
  if (!(rate > 0 && rate <= kMaxEventsPerMinute)) {
    problems->push_back({"generator.events_per_minute", "must be more than 0 and at most 6e9"});
  } else if (static_cast<double>(generator.records) / rate > kMaxSpanMinutes) {
    problems->push_back({"generator.events_per_minute",
                         "is too low: the records would span more than 2000 years of event time"});
  }
  if (generator.start_time < absl::UnixEpoch() ||
      generator.start_time >= absl::FromUnixSeconds(32503680000)) {
    problems->push_back({"generator.start_time", "must be from the years 1970 to 2999"});
  }
}

void CheckGenerator(const CallGeneratorOptions& generator, Problems* problems) {
  if (generator.records < 1 || generator.records > kMaxRecords) {
    problems->push_back({"generator.records", "must be from 1 to 10000000000"});
  }
  CheckEventTimes(generator, problems);
  if (generator.max_disorder_seconds < 0 || generator.max_disorder_seconds > kMaxDisorderSeconds) {
    problems->push_back({"generator.max_disorder_seconds", "must be from 0 to 31622400 (a year)"});
  }
  if (!(generator.late_fraction >= 0 && generator.late_fraction <= 1)) {
    problems->push_back({"generator.late_fraction", "must be from 0 to 1"});
  }
  if (generator.broken_records < 0 || generator.broken_records > generator.records) {
    problems->push_back({"generator.broken_records", "must be from 0 to the number of records"});
  }
}

}  // namespace

Problems CheckPace(const Pace& pace) {
  if (pace.kind == Pace::Kind::kUnlimited) return {};
  if (pace.value > 0 && pace.value <= kMaxRatePerSecond) return {};
  const bool is_rate = pace.kind == Pace::Kind::kRecordsPerSecond;
  return {{is_rate ? "pace.records_per_second" : "pace.speedup",
           "must be more than 0 and at most 1000000000"}};
}

Problems CheckReplayOptions(const ReplayOptions& options) {
  Problems problems = CheckPace(options.pace);
  CheckTopic(options.topic, &problems);
  if (const auto* dataset = std::get_if<DatasetOptions>(&options.source)) {
    CheckDataset(*dataset, &problems);
  } else if (const auto* generator = std::get_if<CallGeneratorOptions>(&options.source)) {
    CheckGenerator(*generator, &problems);
  } else {
    problems.push_back({"source", "must be a dataset or a generator"});
  }
  return problems;
}

}  // namespace windrow::producer
