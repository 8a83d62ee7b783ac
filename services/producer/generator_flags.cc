#include "services/producer/generator_flags.h"

#include <optional>

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/platform/runtime/flags.h"
#include "services/producer/core/event_time.h"

ABSL_FLAG(uint64_t, seed, 0, "generated calls: the same seed gives the same bytes");
ABSL_FLAG(double, events_per_minute, 60, "generated calls: records per minute of event time");
ABSL_FLAG(std::string, start_time, "2018-12-01T00:00:00Z",
          "generated calls: event time of the first record");
ABSL_FLAG(int64_t, max_disorder_seconds, 0,
          "generated calls: each is moved back in event time by 0 to this many seconds");
ABSL_FLAG(double, late_fraction, 0,
          "generated calls: fraction, 0 to 1, that is moved back by 2 hours to 2 days");
ABSL_FLAG(int64_t, broken_records, 0,
          "generated calls: how many of them are broken (no JSON, no time, wrong type, ...)");

namespace windrow::producer {

CallGeneratorOptions GeneratorOptionsFromFlags(int64_t records) {
  CallGeneratorOptions options;
  options.records = records;
  options.seed = absl::GetFlag(FLAGS_seed);
  options.events_per_minute = absl::GetFlag(FLAGS_events_per_minute);
  const std::optional<int64_t> start_us = ParseEventTime(absl::GetFlag(FLAGS_start_time));
  if (!start_us.has_value()) {
    runtime::ExitWithUsageError("--start_time must be a time such as 2018-12-01T00:00:00Z");
  }
  options.start_time = absl::FromUnixMicros(*start_us);
  options.max_disorder_seconds = absl::GetFlag(FLAGS_max_disorder_seconds);
  options.late_fraction = absl::GetFlag(FLAGS_late_fraction);
  options.broken_records = absl::GetFlag(FLAGS_broken_records);
  return options;
}

std::vector<std::string> GeneratorFlagsInUse() {
  std::vector<std::string> names;
  const absl::CommandLineFlag* const flags[] = {
      &absl::GetFlagReflectionHandle(FLAGS_seed),
      &absl::GetFlagReflectionHandle(FLAGS_events_per_minute),
      &absl::GetFlagReflectionHandle(FLAGS_start_time),
      &absl::GetFlagReflectionHandle(FLAGS_max_disorder_seconds),
      &absl::GetFlagReflectionHandle(FLAGS_late_fraction),
      &absl::GetFlagReflectionHandle(FLAGS_broken_records),
  };
  for (const absl::CommandLineFlag* flag : flags) {
    if (flag->CurrentValue() == flag->DefaultValue()) continue;
    names.push_back(absl::StrCat("--", flag->Name()));
  }
  return names;
}

void ExitOnProblems(const std::vector<OptionProblem>& problems, const std::string& records_flag) {
  if (problems.empty()) return;
  const std::string& field = problems.front().field;
  std::string flag = absl::StrCat("--", field.substr(field.rfind('.') + 1));
  if (field == "generator.records") flag = records_flag;
  if (field == "dataset.path") flag = "--dataset";
  if (field == "dataset.event_time_field") flag = "--event_time_field";
  if (field == "pace.records_per_second") flag = "--rate";
  runtime::ExitWithUsageError(absl::StrCat(flag, " ", problems.front().description));
}

}  // namespace windrow::producer
