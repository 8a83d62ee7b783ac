#ifndef SERVICES_AGGREGATOR_SINK_BATCH_COMMITTER_H_
#define SERVICES_AGGREGATOR_SINK_BATCH_COMMITTER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/sink/dead_letter.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/sink/result_encoder.h"
#include "services/platform/record_log/cluster.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/record_log/offsets.h"
#include "services/platform/record_log/transactional_producer.h"
#include "services/platform/runtime/clock.h"

namespace windrow::aggregator {

// What a merge partition adds to a batch.
struct MergeOutput {
  int partition = 0;
  MergeChanges changes;
  // The next records of a snapshot; empty when none is being written.
  std::vector<std::string> snapshot;
  int64_t snapshot_through = 0;
  // Whether these are the last of it.
  bool snapshot_complete = false;
};

// Everything that one transaction commits. Sealed on the worker's thread, with the group's metadata
// of that moment; nothing in it changes afterwards.
struct SealedBatch {
  // Assignment under which it was counted.
  uint64_t epoch = 0;
  record_log::GroupMetadataHandle group;
  // At least one per source and merge partition that the batch speaks of.
  std::vector<record_log::OffsetToCommit> offsets;
  // With the tables that rows are joined with; null for those of the batch before.
  std::shared_ptr<const PipelinePlan> plan;
  std::vector<Frame> frames;
  // Where the merges have taken in the frames already: the frames' records by merge partition, and
  // the offset at which the first of each has to be. Else empty.
  std::vector<std::vector<std::string>> frame_records;
  std::vector<int64_t> expected_offsets;
  std::vector<MergeOutput> merges;
  std::vector<DeadLetter> dead_letters;
};

// What became of a batch.
struct CommitResult {
  bool committed = false;
  // Why not.
  std::string error;
  // Another process uses the same transactional id for the second time within a minute.
  bool fenced_twice = false;
  absl::Duration duration;
  int64_t rows = 0;
  // Of the last record of the frame for each merge partition, -1 where there was none.
  std::vector<int64_t> frame_offsets;
  // Frames that the merges have taken in already are not where they were expected.
  bool misplaced = false;
  // For each snapshot: merge partition, offset of the first record that this batch wrote of it,
  // through, bytes of these records, and whether it is complete.
  struct Snapshot {
    int partition = 0;
    int64_t offset = -1;
    int64_t through = 0;
    size_t bytes = 0;
    bool complete = false;
  };
  std::vector<Snapshot> snapshots;
};

// Commits sealed batches, one at a time, beside its worker, which goes on counting meanwhile: on a
// thread of its own once started, else whenever its owner calls CommitSubmitted. Owns the worker's
// transactional producer and replaces it when it must. Submit and the takers are called by the
// worker's thread.
class BatchCommitter {
 public:
  struct Options {
    // Outlives the committer, as the clock does.
    record_log::Cluster* cluster = nullptr;
    const runtime::Clock* clock = &runtime::Clock::System();
    std::string client_id;
    std::string transactional_id;
    std::shared_ptr<const PipelinePlan> plan;
    // Called from the committing thread when a result is ready.
    std::function<void()> on_result;
  };

  explicit BatchCommitter(Options options);
  // Waits for a commit under way.
  ~BatchCommitter();
  BatchCommitter(const BatchCommitter&) = delete;
  BatchCommitter& operator=(const BatchCommitter&) = delete;

  // Takes over the transactional id. Call before the first Submit.
  absl::Status Connect(absl::Duration timeout);

  // Starts the thread. After Connect.
  void Start();

  // Whether a batch has been submitted and its result not been taken.
  bool busy() const { return busy_; }

  // Hands over a batch. Only when not busy.
  void Submit(SealedBatch batch);

  // The result of the submitted batch, if it is ready; else waits until `deadline`.
  absl::optional<CommitResult> TakeResult(absl::Time deadline);

  // Commits the batch that was submitted and makes its result ready; false when there is none.
  bool CommitSubmitted();

  // Batches of an assignment other than this are dropped instead of committed.
  void SetEpoch(uint64_t epoch) { epoch_ = epoch; }

 private:
  void Run();
  CommitResult Commit(const SealedBatch& batch);
  record_log::TransactionStep Write(const SealedBatch& batch, absl::Time deadline,
                                    CommitResult* result);
  record_log::TransactionStep WriteFrames(const SealedBatch& batch, absl::Time deadline);
  // Waits for the frames and compares where they are with where the batch expects them, if it does.
  record_log::TransactionStep CheckFrames(const SealedBatch& batch, absl::Time deadline,
                                          CommitResult* result);
  void TellFrameOffsets(CommitResult* result) const;
  record_log::TransactionStep WriteMerge(const MergeOutput& merge, absl::Time deadline,
                                         CommitResult* result);
  record_log::TransactionStep WriteDeadLetter(const DeadLetter& letter, absl::Time deadline);
  // Ends a transaction that failed at `step`, replacing the producer unless an abort is enough.
  void Recover(const record_log::TransactionStep& step, absl::Time deadline, CommitResult* result);
  bool ReplaceProducer();
  absl::Status MakeProducer(absl::Duration timeout);
  absl::Time Now() const { return options_.clock->Now(); }

  const Options options_;
  const PipelineTopics topics_;
  ResultEncoder result_encoder_;
  std::atomic<uint64_t> epoch_{0};
  // Of the worker's thread.
  bool busy_ = false;

  // Of the committing thread, after Connect.
  std::unique_ptr<record_log::TransactionalProducer> producer_;
  absl::Time last_fenced_ = absl::InfinitePast();
  // Where the records of frames went, by merge partition.
  std::vector<std::vector<int64_t>> delivered_;

  absl::Mutex mutex_;
  absl::optional<SealedBatch> submitted_ ABSL_GUARDED_BY(mutex_);
  absl::optional<CommitResult> result_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_BATCH_COMMITTER_H_
