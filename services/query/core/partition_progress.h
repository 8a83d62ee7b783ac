#ifndef SERVICES_QUERY_CORE_PARTITION_PROGRESS_H_
#define SERVICES_QUERY_CORE_PARTITION_PROGRESS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace windrow::query {

// How far one merge partition is, as it last said in the results topic. A plain value. Times are
// microseconds since 1970 UTC.
struct PartitionProgress {
  // Windows that end at or before this time are closed here; absent before the first close.
  std::optional<int64_t> closed_through_us;
  // Generation of the last drain carried out here.
  int64_t drain_generation = 0;
  // Sums over the source partitions that this merge partition reports.
  uint64_t records_read = 0;
  uint64_t dead_lettered = 0;
  // Ids of the pipeline's views, in the pipeline's order.
  std::vector<std::string> views;
  // Records late for all of their windows, by view.
  std::map<std::string, uint64_t> late_everywhere;
};

// The form in which the store keeps a progress.
std::string EncodeProgress(const PartitionProgress& progress);

// Nothing when `bytes` were not written by EncodeProgress.
std::optional<PartitionProgress> DecodeProgress(absl::string_view bytes);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_PARTITION_PROGRESS_H_
