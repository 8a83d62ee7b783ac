// Runs a pipeline over logs without Kafka, as chance has it: some workers, batches, redeliveries,
// lost batches, restores. Prints what the topics hold at the end, a line of JSON for each row,
// ledger, progress, dead letter and fault; see compare.py, which makes the input.
//
// usage: run_engine PIPELINE_FILE LOG_FILE SEED...
//
// After the lines of each seed: {"kind":"end","seed":…}. Seed 0 is the calm run.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "tests/oracle/result_lines.h"
#include "tests/oracle/schedule.h"
#include "tests/oracle/simulated_combine.h"
#include "tests/oracle/simulated_merge.h"
#include "tests/oracle/source_log.h"

namespace windrow::oracle {
namespace {

using Plan = std::shared_ptr<const aggregator::PipelinePlan>;

absl::StatusOr<Plan> LoadPlan(const std::string& path) {
  const absl::StatusOr<pipeline::v1::Pipeline> pipeline = aggregator::LoadPipelineFile(path);
  if (!pipeline.ok()) return pipeline.status();
  return aggregator::MakePlan(*pipeline);
}

void PrintLine(const std::string& line) { std::puts(line.c_str()); }

absl::Status PrintTopics(const SimulatedCombine& combine,
                         const std::vector<SimulatedMerge>& merges) {
  for (const SimulatedMerge& merge : merges) {
    for (const std::string& fault : merge.results().faults()) {
      PrintLine(absl::StrCat(R"({"kind":"fault","text":)", JsonString(fault), "}"));
    }
    for (const auto& entry : merge.results().records()) {
      const absl::StatusOr<std::string> line = ResultLine(entry.first, entry.second);
      if (!line.ok()) return line.status();
      PrintLine(*line);
    }
  }
  for (const DeadLetterEntry& letter : combine.dead_letters()) {
    PrintLine(absl::StrCat(R"({"kind":"dead_letter","partition":)", letter.partition,
                           R"(,"offset":)", letter.offset, R"(,"reason":)",
                           JsonString(letter.reason), "}"));
  }
  return absl::OkStatus();
}

absl::Status Run(const Plan& plan, const SourceLog& log, uint64_t seed) {
  Schedule schedule(seed);
  SimulatedCombine combine(plan, log, &schedule);
  std::vector<SimulatedMerge> merges;
  for (int m = 0; m < plan->merge_partitions; ++m) {
    merges.emplace_back(plan, m, combine.partials()[m], &schedule);
  }
  absl::Status status;
  while (status.ok() && !combine.AtEnd()) {
    status = combine.Step();
    for (SimulatedMerge& merge : merges) {
      if (status.ok()) status = merge.Step();
    }
  }
  if (status.ok()) status = combine.Drain();
  for (SimulatedMerge& merge : merges) {
    if (status.ok()) status = merge.Finish();
  }
  if (status.ok()) status = PrintTopics(combine, merges);
  if (status.ok()) PrintLine(absl::StrCat(R"({"kind":"end","seed":)", seed, "}"));
  return status;
}

absl::Status Main(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) {
    return absl::InvalidArgumentError("usage: run_engine PIPELINE_FILE LOG_FILE SEED...");
  }
  const absl::StatusOr<Plan> plan = LoadPlan(arguments[0]);
  if (!plan.ok()) return plan.status();
  const absl::StatusOr<SourceLog> log = ReadSourceLog(arguments[1]);
  if (!log.ok()) return log.status();
  for (size_t i = 2; i < arguments.size(); ++i) {
    uint64_t seed = 0;
    if (!absl::SimpleAtoi(arguments[i], &seed)) {
      return absl::InvalidArgumentError(absl::StrCat(arguments[i], " is no seed"));
    }
    absl::Status status = Run(*plan, *log, seed);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace windrow::oracle

int main(int argc, char** argv) {
  const absl::Status status =
      windrow::oracle::Main(std::vector<std::string>(argv + 1, argv + argc));
  if (status.ok()) return 0;
  std::fprintf(stderr, "run_engine: %s\n", status.ToString().c_str());
  return 1;
}
