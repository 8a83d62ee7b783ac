#ifndef SERVICES_AGGREGATOR_WORKER_PARTITION_SNAPSHOTS_H_
#define SERVICES_AGGREGATOR_WORKER_PARTITION_SNAPSHOTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/types/optional.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/sink/batch_committer.h"
#include "services/aggregator/sink/snapshot_encoder.h"
#include "services/aggregator/source/frame_decoder.h"

namespace windrow::aggregator {

// The snapshots of one merge partition: when the next one is begun, what of it goes out with which
// batch, and which is the last complete one, where a restore begins. A value of the worker's
// thread.
class PartitionSnapshots {
 public:
  // `last` is as of the committed offset, after which `replayed_bytes` of partials were applied. A
  // snapshot is begun after at least `least_bytes` of partials.
  PartitionSnapshots(std::shared_ptr<const PipelinePlan> plan, const MergeStart& last,
                     int64_t replayed_bytes, size_t least_bytes);

  // The partition was away and came back with `last`: another owner may have begun one since.
  void Resume(const MergeStart& last);

  // Frames of so many bytes were applied.
  void CountPartials(size_t bytes) { bytes_since_begun_ += static_cast<int64_t>(bytes); }

  // Adds the next records of the snapshot to `output`, and begins one if it is due and `may_begin`.
  // Returns whether it has begun one. `next_offset` is the offset in partials up to which `merger`
  // holds everything.
  bool Seal(bool may_begin, const Merger& merger, int64_t next_offset, MergeOutput* output);

  // What Seal added has been committed. If that completes a snapshot, returns the one before, if
  // any: until the next commit names the new one, restores begin there, but none needs what lies
  // before.
  absl::optional<MergeStart> OnCommitted(const CommitResult::Snapshot& written);

  // The last complete one.
  const MergeStart& last() const { return last_; }

 private:
  bool IsDue() const;

  std::shared_ptr<const PipelinePlan> plan_;
  size_t least_bytes_;
  MergeStart last_;
  size_t last_bytes_ = 0;
  int64_t bytes_since_begun_ = 0;
  // The one that is being written, and what of it has been committed: where it begins in the log,
  // -1 when nothing, and how much.
  std::unique_ptr<SnapshotEncoder> unfinished_;
  int64_t unfinished_offset_ = -1;
  size_t unfinished_bytes_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_PARTITION_SNAPSHOTS_H_
