#ifndef CLIENTS_CLI_TUNE_REPORT_H_
#define CLIENTS_CLI_TUNE_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "clients/cli/tune_plan.h"

namespace windrow::cli {

// What was measured of one trial, over all replicas. A plain value.
struct TuneMeasurement {
  TuneTrial trial;
  // Whether rates had become steady before it was measured.
  bool settled = false;
  double seconds = 0;
  double input_rows_per_second = 0;
  double processed_rows_per_second = 0;
  // From a record's Kafka timestamp to the commit of its row; absent when nothing was counted.
  std::optional<absl::Duration> latency_p50;
  std::optional<absl::Duration> latency_p99;
  absl::Duration commit_duration;
  // Processors in use: 1 is one whole processor.
  double cpu_load = 0;
  // Largest that was seen.
  int64_t resident_bytes = 0;
  int64_t lag_records_before = 0;
  int64_t lag_records_after = 0;
  // Longest time in which a replica read nothing because of the change.
  absl::Duration pause;

  // Whether records were read as fast as they came, or faster.
  bool KeepsUp() const;
  // Whether there was anything to do.
  bool HadInput() const { return processed_rows_per_second > 0; }
  double RowsPerCpuSecond() const {
    return cpu_load > 0 ? processed_rows_per_second / cpu_load : 0;
  }
};

// What to set, and why.
struct TuneAdvice {
  // Index of the best trial; absent when no trial had input.
  std::optional<size_t> best;
  std::string reason;
};

// The best: of the trials that keep up with the input, the one with the lowest p99 latency (within
// a tenth: with the least processor time); if none keeps up, the one that reads most per second
// (within a twentieth: with the least processor time).
TuneAdvice Advise(const std::vector<TuneMeasurement>& measurements);

// A table for people, with the advice below it.
std::string TuneTable(const std::vector<TuneMeasurement>& measurements, const TuneAdvice& advice);
// A line of names, and a line for each trial (RFC 4180).
std::string TuneCsv(const std::vector<TuneMeasurement>& measurements, const TuneAdvice& advice);
// One object: {"trials":[...],"recommendation":{...}}.
std::string TuneJson(const std::vector<TuneMeasurement>& measurements, const TuneAdvice& advice);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_TUNE_REPORT_H_
