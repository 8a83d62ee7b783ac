// What it takes to find the fields of a record, and to read its time.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/core/call_stream.h"
#include "services/aggregator/core/event_time_parser.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/source/json_record_parser.h"
#include "services/producer/core/call_generator.h"
#include "services/producer/core/replay_options.h"

namespace windrow::bench {
namespace {

using namespace windrow::aggregator;

// As the producer makes them: values of many lengths, addresses with escapes.
std::vector<std::string> Records() {
  producer::CallGeneratorOptions options;
  options.records = 100'000;
  producer::CallGenerator generator(options);
  std::vector<std::string> records;
  for (int64_t i = 0; i < options.records; ++i) records.emplace_back(generator.Get(i).text);
  return records;
}

void ParseRecord(benchmark::State& state) {
  PipelinePlan plan;
  plan.event_time_field = "call_date_time";
  plan.fields = {"original_crime_type_name", "disposition"};
  JsonRecordParser parser(plan);
  const std::vector<std::string> records = Records();
  RecordFields fields;
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.Parse(records[next], &fields));
    next = (next + 1) % records.size();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(records[0].size()));
}
BENCHMARK(ParseRecord);

void ParseTime(benchmark::State& state, EventTimeFormat format, std::vector<std::string> texts) {
  EventTimeParser parser = EventTimeParser::Create(format).value();
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(parser.Parse(texts[next]));
    next = (next + 1) % texts.size();
  }
  state.SetItemsProcessed(state.iterations());
}

std::vector<std::string> Times() {
  std::vector<std::string> times;
  for (const Call& call : MakeCalls(1'000, kMicrosPerSecond / 10, 50)) times.push_back(call.time);
  return times;
}

EventTimeFormat Format(EventTimeFormat::Kind kind, const std::string& zone = "UTC") {
  EventTimeFormat format;
  format.kind = kind;
  format.time_zone = zone;
  format.pattern = "%Y-%m-%dT%H:%M:%E*S";
  return format;
}

using Kind = EventTimeFormat::Kind;
BENCHMARK_CAPTURE(ParseTime, iso_8601, Format(Kind::kIso8601), Times());
BENCHMARK_CAPTURE(ParseTime, iso_8601_in_a_zone, Format(Kind::kIso8601, "America/Los_Angeles"),
                  Times());
BENCHMARK_CAPTURE(ParseTime, pattern, Format(Kind::kPattern), Times());
BENCHMARK_CAPTURE(ParseTime, epoch_milliseconds, Format(Kind::kEpochMilliseconds),
                  {"1546300800123", "1546300801456"});

}  // namespace
}  // namespace windrow::bench

BENCHMARK_MAIN();
