#include "services/producer/core/replay_options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace windrow::producer {
namespace {

ReplayOptions Generated(int64_t records) {
  ReplayOptions options;
  CallGeneratorOptions generator;
  generator.records = records;
  options.source = generator;
  return options;
}

// The fields that are wrong, in order.
std::vector<std::string> WrongFields(const ReplayOptions& options) {
  std::vector<std::string> fields;
  for (const OptionProblem& problem : CheckReplayOptions(options)) {
    EXPECT_FALSE(problem.description.empty());
    fields.push_back(problem.field);
  }
  return fields;
}

using Fields = std::vector<std::string>;

// The fields that are wrong when `change` has been made to valid options.
template <typename Change>
Fields After(Change change) {
  ReplayOptions options = Generated(1000);
  change(std::get<CallGeneratorOptions>(options.source));
  return WrongFields(options);
}

TEST(ReplayOptionsTest, DefaultsAreValid) {
  EXPECT_EQ(WrongFields(Generated(1)), Fields{});
  EXPECT_EQ(WrongFields(Generated(10'000'000'000)), Fields{});
  ReplayOptions dataset;
  dataset.source = DatasetOptions{"calls.json", "call_date_time"};
  EXPECT_EQ(WrongFields(dataset), Fields{});
}

TEST(ReplayOptionsTest, NamesEachWrongField) {
  ReplayOptions options;
  options.topic = "no topic";
  options.pace = {Pace::Kind::kSpeedup, -1};
  EXPECT_EQ(WrongFields(options), (Fields{"pace.speedup", "topic", "source"}));
  options = ReplayOptions();
  options.source = DatasetOptions{"", ""};
  EXPECT_EQ(WrongFields(options), (Fields{"dataset.path", "dataset.event_time_field"}));
}

TEST(ReplayOptionsTest, ChecksTheGenerator) {
  using Options = CallGeneratorOptions;
  const double nan = std::nan("");
  EXPECT_EQ(After([](Options& o) { o.records = 0; }), Fields{"generator.records"});
  EXPECT_EQ(After([](Options& o) { o.records = 10'000'000'001; }), Fields{"generator.records"});
  EXPECT_EQ(After([](Options& o) { o.events_per_minute = -1; }),
            Fields{"generator.events_per_minute"});
  EXPECT_EQ(After([&](Options& o) { o.events_per_minute = nan; }),
            Fields{"generator.events_per_minute"});
  EXPECT_EQ(After([](Options& o) { o.events_per_minute = 1e-7; }),
            Fields{"generator.events_per_minute"});
  EXPECT_EQ(After([](Options& o) { o.start_time = absl::InfinitePast(); }),
            Fields{"generator.start_time"});
  EXPECT_EQ(After([](Options& o) { o.start_time = absl::InfiniteFuture(); }),
            Fields{"generator.start_time"});
  EXPECT_EQ(After([](Options& o) { o.max_disorder_seconds = -1; }),
            Fields{"generator.max_disorder_seconds"});
  EXPECT_EQ(After([](Options& o) { o.late_fraction = 1.1; }), Fields{"generator.late_fraction"});
  EXPECT_EQ(After([&](Options& o) { o.late_fraction = nan; }), Fields{"generator.late_fraction"});
  EXPECT_EQ(After([](Options& o) { o.broken_records = 1001; }), Fields{"generator.broken_records"});
  EXPECT_EQ(After([](Options& o) { o.broken_records = 1000; }), Fields{});
}

TEST(ReplayOptionsTest, ChecksThePace) {
  for (double value : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    const auto problems = CheckPace({Pace::Kind::kRecordsPerSecond, value});
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems[0].field, "pace.records_per_second");
  }
  EXPECT_TRUE(CheckPace({Pace::Kind::kRecordsPerSecond, 0.001}).empty());
  EXPECT_TRUE(CheckPace(Pace()).empty());
}

TEST(ReplayOptionsTest, ChecksTopicNamesAsKafkaDoes) {
  for (const char* topic : {"", ".", "..", "a b", "a/b", "\xc3\xa4"}) {
    ReplayOptions options = Generated(1);
    options.topic = topic;
    EXPECT_EQ(WrongFields(options), Fields{"topic"}) << topic;
  }
}

}  // namespace
}  // namespace windrow::producer
