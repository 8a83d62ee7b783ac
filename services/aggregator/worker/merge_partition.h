#ifndef SERVICES_AGGREGATOR_WORKER_MERGE_PARTITION_H_
#define SERVICES_AGGREGATOR_WORKER_MERGE_PARTITION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/recent_latencies.h"
#include "services/aggregator/sink/batch_committer.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/aggregator/source/merge_restorer.h"
#include "services/aggregator/worker/partition_snapshots.h"
#include "services/aggregator/worker/worker_status.h"

namespace windrow::aggregator {

// A merge partition that a worker owns: the state of its windows, and how far that state is read,
// sealed and committed.
//
//   Apply (frames of partials) ──> Seal (changed rows, snapshot) ──> OnCommitted
//
// A value of the worker's thread.
class MergePartition {
 public:
  // As of its committed offset in partials. A snapshot is begun after at least `snapshot_bytes` of
  // partials.
  MergePartition(std::shared_ptr<const PipelinePlan> plan, RestoredMerge restored,
                 const RestoreRequest& request, size_t snapshot_bytes);

  // Offset in partials after the last frame applied.
  int64_t next_offset() const { return next_offset_; }
  // The last complete snapshot.
  const MergeStart& snapshot() const { return snapshots_.last(); }

  // Whether it can be kept while it is away: not while rows were sealed of which it is not known
  // that they are committed, since they cannot be taken from it again.
  bool CanBeKept() const { return !uncommitted_; }
  // It is back, at the very offset that was its next.
  void Resume(const MergeStart& snapshot);

  // Whether its state leaves room for more in `share_bytes`; says so in the log when that changes.
  bool HasRoom(int64_t share_bytes);
  // Takes in the frame at `offset`, which must not be below next_offset().
  absl::Status Apply(int64_t offset, absl::string_view frame);

  // Where the next frame of this worker will be if nobody else writes to this partition of
  // partials: after the last one, which was its own, and the marker that ended its transaction.
  // Nothing when the last frame applied was another's, or is not known to be its own.
  absl::optional<int64_t> NextOwnOffset() const;
  // The frame of this worker that was committed last ends at `offset`.
  void OnOwnFrame(int64_t offset) { own_offset_ = offset; }

  bool HasSomethingToSeal(absl::Time now) const;
  // What changed since the last time, with the next part of a snapshot, which is begun only if
  // `may_begin_snapshot`; clears that if it was.
  MergeOutput Seal(absl::Time now, bool* may_begin_snapshot);

  // What was sealed has been committed: tells the latencies of the records in it.
  void OnCommitted(absl::Time now, RecentLatencies* latencies);
  // See PartitionSnapshots.
  absl::optional<MergeStart> OnSnapshotCommitted(const CommitResult::Snapshot& written) {
    return snapshots_.OnCommitted(written);
  }

  // Looks again at what its windows wait for, by the tables of `plan`, if `look`.
  WorkerStatus::Merge Status(const PipelinePlan& plan, bool look, int64_t log_end);

 private:
  std::shared_ptr<const PipelinePlan> plan_;
  int partition_;
  std::unique_ptr<Merger> merger_;
  int64_t next_offset_;
  // Offset after the last frame whose rows were sealed.
  int64_t sealed_offset_;
  // Of the last record of the frame that this worker committed last; -1 when it is not known.
  int64_t own_offset_ = -1;
  bool blocked_ = false;
  bool uncommitted_ = false;
  PartitionSnapshots snapshots_;
  // Kafka timestamps of records whose rows have not been committed, and of those in the batch under
  // way.
  std::vector<int64_t> record_times_ms_;
  std::vector<int64_t> sealed_record_times_ms_;
  // What it waited for when that was last looked at.
  std::shared_ptr<const MergeWait> wait_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_MERGE_PARTITION_H_
