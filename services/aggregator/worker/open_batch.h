#ifndef SERVICES_AGGREGATOR_WORKER_OPEN_BATCH_H_
#define SERVICES_AGGREGATOR_WORKER_OPEN_BATCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/record_time_sample.h"
#include "services/aggregator/sink/batch_committer.h"
#include "services/aggregator/sink/dead_letter.h"
#include "services/aggregator/source/json_record_parser.h"
#include "services/platform/record_log/record.h"

namespace windrow::aggregator {

// What a worker has counted since its last seal: records go in, their share of a SealedBatch comes
// out. Keeps together what one transaction has to commit together: deltas and positions, dead
// letters, and the times by which latencies are measured. Used by the worker's thread alone.
class OpenBatch {
 public:
  static absl::StatusOr<std::unique_ptr<OpenBatch>> Create(
      std::shared_ptr<const PipelinePlan> plan);
  OpenBatch(const OpenBatch&) = delete;
  OpenBatch& operator=(const OpenBatch&) = delete;

  // Counts a record of a source partition that the combiner knows, or makes a dead letter of it. A
  // record that was delivered before changes nothing.
  void Count(int partition, const record_log::Record& record);

  // Whether it is worth a transaction before the commit interval is over.
  bool IsFull() const;
  // Whether nothing may be added until it can be sealed: what bounds its memory.
  bool IsOverfull() const;

  // Moves what was counted into `batch`: frames, dead letters, and the offsets of the source.
  void SealInto(const std::string& source_topic, SealedBatch* batch);
  // Forgets what was counted, and the sources.
  void Reset();

  // Sources, their positions and the plan in force.
  Combiner& combiner() { return combiner_; }
  const Combiner& combiner() const { return combiner_; }

  // Records that could not be counted, by DeadLetterReason, since it was made.
  const std::array<int64_t, kDeadLetterReasons>& dead_letter_counts() const {
    return dead_letter_counts_;
  }

 private:
  OpenBatch(const PipelinePlan& plan, Combiner combiner);

  JsonRecordParser parser_;
  // Of the present record; kept for its memory.
  RecordFields fields_;
  Combiner combiner_;
  RecordTimeSample record_times_;
  std::vector<DeadLetter> dead_letters_;
  size_t dead_letter_bytes_ = 0;
  std::array<int64_t, kDeadLetterReasons> dead_letter_counts_{};
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_OPEN_BATCH_H_
