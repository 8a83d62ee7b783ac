#ifndef SERVICES_QUERY_CORE_RESULT_VIEW_H_
#define SERVICES_QUERY_CORE_RESULT_VIEW_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "services/query/core/partition_progress.h"

namespace windrow::query {

// What the progress of all merge partitions together says of a pipeline's windows. Immutable. A
// partition not heard from yet holds everything back. Times are microseconds since 1970 UTC.
class ResultView {
 public:
  // One entry per partition of the results topic; absent where none has been read.
  explicit ResultView(std::vector<std::optional<PartitionProgress>> partitions);

  int partitions() const { return static_cast<int>(partitions_.size()); }
  const std::optional<PartitionProgress>& progress(int partition) const {
    return partitions_[partition];
  }

  // Every window that ends at or before this time is closed in all partitions.
  std::optional<int64_t> closed_through_us() const { return closed_through_us_; }
  // The same for the rows of one partition.
  std::optional<int64_t> closed_through_us(int partition) const;

  // Whether a window is closed in every partition.
  bool IsWindowFinal(int64_t window_end_us) const;
  // Whether a row of a partition is final: its own partition alone decides.
  bool IsRowFinal(int partition, int64_t window_end_us) const;

  // Generation of the last drain that all partitions have carried out.
  int64_t drain_generation() const { return drain_generation_; }

  // Sums over all partitions.
  uint64_t records_read() const;
  uint64_t dead_lettered() const;
  // By view.
  std::map<std::string, uint64_t> late_everywhere() const;

 private:
  const std::vector<std::optional<PartitionProgress>> partitions_;
  std::optional<int64_t> closed_through_us_;
  int64_t drain_generation_ = 0;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_RESULT_VIEW_H_
