#ifndef SERVICES_AGGREGATOR_SINK_RESULT_ENCODER_H_
#define SERVICES_AGGREGATOR_SINK_RESULT_ENCODER_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Writes what changed in a merge partition as records of `results`. One thread at a time.
class ResultEncoder {
 public:
  // Takes a record; without a value it deletes the row of its key.
  using Emit =
      absl::FunctionRef<void(absl::string_view key, absl::optional<absl::string_view> value)>;

  explicit ResultEncoder(std::shared_ptr<const PipelinePlan> plan) : plan_(std::move(plan)) {}

  // Joins what follows with another plan's tables; it is of the same pipeline.
  void UsePlan(std::shared_ptr<const PipelinePlan> plan) { plan_ = std::move(plan); }

  // Hands key and value of each record to `emit`: rows and ledgers first, then progress, which
  // speaks of them. Joined columns are looked up here. `write_time_ms` is the wall clock.
  void Encode(int merge_partition, const MergeChanges& changes, int64_t write_time_ms, Emit emit);

 private:
  void EncodeRows(int view_index, const MergeChanges& all, Emit emit);
  void EncodeProgress(int merge_partition, const MergeProgress& progress, int64_t write_time_ms,
                      Emit emit);

  std::shared_ptr<const PipelinePlan> plan_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_RESULT_ENCODER_H_
