#ifndef SERVICES_AGGREGATOR_WORKER_MERGE_PARTITIONS_H_
#define SERVICES_AGGREGATOR_WORKER_MERGE_PARTITIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/recent_latencies.h"
#include "services/aggregator/sink/batch_committer.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/aggregator/source/merge_restorer.h"
#include "services/aggregator/worker/live_settings.h"
#include "services/aggregator/worker/merge_partition.h"
#include "services/aggregator/worker/worker_status.h"
#include "services/platform/record_log/cluster.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/record_log/offsets.h"
#include "services/platform/runtime/clock.h"

namespace windrow::aggregator {

// The merge partitions that a worker owns: takes them up, reads their frames from partials, and
// seals their rows. Used by the worker's thread alone; what the options point to outlives it.
class MergePartitions {
 public:
  struct Options {
    record_log::Cluster* cluster = nullptr;
    const runtime::Clock* clock = nullptr;
    std::shared_ptr<const PipelinePlan> plan;
    const LiveSettings* settings = nullptr;
    // See Worker::Options.
    std::function<void(const std::string& topic, int partition, int64_t offset)> purge;
    size_t snapshot_bytes = 0;
  };

  explicit MergePartitions(Options options);

  // Takes up those of partials among `committed`, as of their committed offsets, and adds where
  // they are to be read from to `starts`. DATA_LOSS when a state cannot be restored.
  absl::Status Adopt(
      const std::map<record_log::TopicPartition, record_log::CommittedOffset>& committed,
      record_log::GroupConsumer* consumer, std::map<record_log::TopicPartition, int64_t>* starts);
  // The partitions go: their state is kept, in case that they come back at the same offset.
  void KeepAside();
  void ForgetKept() { kept_.clear(); }
  // Forgets those owned.
  void Drop();

  bool empty() const { return partitions_.empty(); }
  size_t size() const { return partitions_.size(); }

  // Applies some frames of each that has room for more; false when there are none. An error is
  // final: their log cannot be read.
  absl::StatusOr<bool> Read(record_log::GroupConsumer* consumer);
  // Whether so many frames are unread that no more should be made.
  bool IsBehind(const record_log::GroupConsumer& consumer) const;
  // Whether to wait for frames that this worker has just committed: their rows then go out with the
  // next batch, instead of with the one after it.
  bool AwaitsOwnFrames(absl::Time now) const { return now < await_frames_until_; }

  // Takes in the batch's frames before they are in the log, so that their rows go out with them
  // instead of with the next batch. Only for a worker that owns all partitions of source and
  // partials, so that nobody else writes frames; the committer checks where they went before it
  // commits. Does nothing where it cannot know where they will be.
  absl::Status ApplyAhead(SealedBatch* batch);

  bool HasSomethingToSeal(absl::Time now) const;
  // Adds rows, snapshots and offsets to `batch`.
  void SealInto(SealedBatch* batch);
  // The batch sealed last has not been committed: its frames were not where they were expected.
  void OnMisplaced() { ahead_again_ = options_.clock->Now() + kAheadAgain; }
  // The batch sealed last has been committed.
  void OnCommitted(const CommitResult& result, RecentLatencies* latencies);

  // Adds them to `status`, which says so if one of them is blocked; `plan` is the one in force.
  void ReportInto(const PipelinePlan& plan, const record_log::GroupConsumer& consumer,
                  WorkerStatus* status);

 private:
  // Somebody else writes to partials, it seems.
  static constexpr absl::Duration kAheadAgain = absl::Minutes(1);

  bool MayApplyAhead(const SealedBatch& batch);
  // Where the partition is taken up; DATA_LOSS when its offset is missing although there are
  // frames.
  absl::StatusOr<RestoreRequest> Locate(const record_log::TopicPartition& name,
                                        const record_log::CommittedOffset& committed,
                                        record_log::GroupConsumer* consumer) const;
  // False when its state was not kept, or is not of that offset.
  bool Resume(const RestoreRequest& request);
  absl::Status Restore(const std::vector<RestoreRequest>& requests);
  void OnSnapshotCommitted(const CommitResult::Snapshot& snapshot);

  const Options options_;
  const PipelineTopics topics_;
  std::map<int, MergePartition> partitions_;
  // Those that were taken away.
  std::map<int, MergePartition> kept_;
  absl::Time await_frames_until_ = absl::InfinitePast();
  absl::Time ahead_again_ = absl::InfinitePast();
  absl::Time next_look_ = absl::InfinitePast();
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_MERGE_PARTITIONS_H_
