#ifndef CLIENTS_CLI_TUNE_PLAN_H_
#define CLIENTS_CLI_TUNE_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::cli {

// The values of one setting that are tried.
struct TuneFactor {
  // Field of windrow.pipeline.v1.Settings: "parallelism", "records_per_second_per_partition",
  // "records_per_second", "commit_interval" or "fetch_memory_bytes".
  std::string path;
  // As users write them: "1", "100ms", "32" (MB for memory).
  std::vector<std::string> values;
};

// One set of settings to try. A plain value.
struct TuneTrial {
  pipeline::v1::Settings settings;
  // For people: "parallelism 2", or "as it is".
  std::string name;
};

// The largest number of trials of one run.
inline constexpr size_t kMostTrials = 64;

// Reads "1,2,4" into the values of a factor. A usage error when a value is none.
absl::StatusOr<TuneFactor> ParseTuneFactor(absl::string_view path, absl::string_view values);

// What to try, first the settings as they are: each value of each factor by itself, or with `grid`
// every combination. Settings that come up twice are tried once. A usage error when there are more
// than kMostTrials.
absl::StatusOr<std::vector<TuneTrial>> PlanTrials(const pipeline::v1::Settings& now,
                                                  const std::vector<TuneFactor>& factors,
                                                  bool grid);

// The setting at `path` as users write it; "none" for no limit.
std::string TuneValueText(const pipeline::v1::Settings& settings, absl::string_view path);

// Sets `path` in `to` as it is in `from`.
void CopySetting(const pipeline::v1::Settings& from, absl::string_view path,
                 pipeline::v1::Settings* to);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_TUNE_PLAN_H_
