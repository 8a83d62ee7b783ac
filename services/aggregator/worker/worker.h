#ifndef SERVICES_AGGREGATOR_WORKER_WORKER_H_
#define SERVICES_AGGREGATOR_WORKER_WORKER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/recent_latencies.h"
#include "services/aggregator/sink/batch_committer.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/worker/drain_watch.h"
#include "services/aggregator/worker/held_back_ends.h"
#include "services/aggregator/worker/idle_watch.h"
#include "services/aggregator/worker/live_settings.h"
#include "services/aggregator/worker/merge_partitions.h"
#include "services/aggregator/worker/open_batch.h"
#include "services/aggregator/worker/replica_limit.h"
#include "services/aggregator/worker/shared_alignment.h"
#include "services/aggregator/worker/source_partition.h"
#include "services/aggregator/worker/source_reader.h"
#include "services/aggregator/worker/source_restorer.h"
#include "services/aggregator/worker/wakeup.h"
#include "services/aggregator/worker/work_rate.h"
#include "services/aggregator/worker/worker_status.h"
#include "services/platform/record_log/cluster.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/record_log/offsets.h"
#include "services/platform/runtime/clock.h"

namespace windrow::aggregator {

// One thread that owns a consumer, a transactional producer and the state of the partitions that
// the group gives it: source partitions, which it combines, and partitions of partials, which it
// merges. Reads, counts, seals what was counted into batches and hands them to its committer.
//
//        assigned            batch committed
//   STARTING ──> RESTORING ──> RUNNING ──┐
//       ^            ^           │  ^────┘
//       │ revoked    │ aborted   │
//       └────────────┴───────────┘          Stop: commit what there is, leave the group, end.
//
// A round, and who does which part of it:
//
//   GroupConsumer::Poll                      the group gives partitions, or takes them back
//   TakeCommitResult                         what became of the batch before
//   MergePartitions::Read                    frames that have come back from partials are merged
//   SourceReader::Align, ReadNext            the source partition that is furthest behind is read
//     OpenBatch::Count                       and its records are counted
//   IdleWatch, DrainWatch, HeldBackEnds      see which source partitions are at their end
//   OpenBatch, MergePartitions::SealInto     what is due goes to the BatchCommitter
//
// Whatever is in memory can be lost at any moment: an abort, a fence or a crash goes back to the
// committed offsets, whose metadata and whose logs hold all that is needed to go on.
//
// It runs on two threads of its own, one to work and one to commit (Start). A test may run it
// instead: Connect until that succeeds, then Round and CommitSubmitted in any order, then Leave.
class Worker : private record_log::AssignmentListener {
 public:
  struct Options {
    // Outlives the worker, as the clock does.
    record_log::Cluster* cluster = nullptr;
    const runtime::Clock* clock = &runtime::Clock::System();
    std::shared_ptr<const PipelinePlan> plan;
    // Name of the replica; with the slot it makes the transactional id, so it must be stable over
    // restarts and unique among replicas.
    std::string replica;
    int slot = 0;
    // Outlives the worker.
    const LiveSettings* settings = nullptr;
    // Shared with the replica's other workers; outlives the worker. Null for no limit.
    ReplicaLimit* limit = nullptr;
    // Shared with the replica's other workers; outlives the worker. Null to read as if alone.
    SharedAlignment* alignment = nullptr;
    // Asks for the deletion of what no restore will need again, everything below `offset`; returns
    // at once.
    std::function<void(const std::string& topic, int partition, int64_t offset)> purge;
    // Bound of the records of each partition that are fetched and not yet read.
    int queued_kilobytes_per_partition = 4096;
    // Least growth of partials between two snapshots of a merge partition.
    size_t snapshot_bytes = 256 * 1024;
    // Called on the worker's thread when it has taken up partitions; may be empty.
    std::function<void()> on_taken_up;
    // Called when the process has to end because another one uses its replica name.
    std::function<void(const std::string& reason)> on_fatal;
  };

  explicit Worker(Options options);
  // Stops, unless stopped, and waits.
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Starts the threads.
  void Start();
  // Asks it to commit what it has, leave the group and end; returns at once.
  void RequestStop();
  // Waits for its end.
  void Join();

  // Takes over the transactional id and joins the group. To be called again if it fails.
  absl::Status Connect();
  // Does what there is to do. Returns for how long the worker may sleep if nothing wakes it.
  absl::Duration Round();
  // Commits the batch that was sealed, as the other thread would; false when there is none.
  bool CommitSubmitted() { return committer_->CommitSubmitted(); }
  // Commits what there is and leaves the group; nothing may follow.
  void Leave();

  WorkerStatus status() const;

  // Last time that the loop went round, for a watchdog.
  absl::Time last_round() const { return absl::FromUnixMillis(last_round_ms_.load()); }

  // The transactional id of a slot.
  static std::string TransactionalId(const PipelineTopics& topics, const std::string& replica,
                                     int slot);

 private:
  void OnAssigned(const std::vector<record_log::TopicPartition>& partitions) override;
  void OnRevoked(bool lost) override;

  void Run();
  absl::Time Now() const { return options_.clock->Now(); }
  absl::Status JoinGroup();
  void RejoinWithUsualSession();
  std::string ClientId() const;
  bool AtRest() const;

  // Takes up the assigned partitions from their committed offsets.
  absl::Status Adopt();
  absl::Status AdoptSources(
      const std::map<record_log::TopicPartition, record_log::CommittedOffset>& committed,
      std::map<record_log::TopicPartition, int64_t>* starts);
  void Readopt();
  void DropEverything();
  // Gives everything up, to take it up again at `retry_at`.
  void StartOver(absl::Time retry_at);
  // Takes over a newer plan (tables, watermark delay, idle policy), if there is one and nothing has
  // been counted by the old one.
  void FollowPlan();

  // Both return whether there was anything to read.
  bool ReadPartials();
  // No number from here on could be right.
  void FailMerges(const absl::Status& status);
  bool ReadSources();
  void FailSource(int partition, const std::string& error);

  bool HasSomethingToSeal() const;
  bool IsFarBehind() const;
  // Whether nobody else makes frames.
  bool OwnsAllPartitions() const;
  bool ShouldSeal() const;
  // False when nothing can be committed now.
  bool Seal();
  void TakeCommitResult(absl::Time deadline);
  void OnCommitted(const CommitResult& result);
  // Commits all there is before the partitions go; false when it could not be done in time.
  bool CommitRest(absl::Time deadline);

  void PublishStatus(bool now);
  void SetState(WorkerState state, const std::string& error = "");

  const Options options_;
  const PipelineTopics topics_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> last_round_ms_{0};
  Wakeup wakeup_;

  // Everything below belongs to the worker's thread, except status_.
  // options_.plan with what the present batch is counted with.
  std::shared_ptr<const PipelinePlan> plan_;
  std::unique_ptr<record_log::GroupConsumer> consumer_;
  absl::Duration session_timeout_ = absl::Seconds(3);

  // What the group has given, and under which epoch; to be taken up, at the time below.
  std::vector<record_log::TopicPartition> assigned_;
  uint64_t epoch_ = 1;
  bool must_readopt_ = false;
  absl::Time readopt_at_ = absl::InfinitePast();

  // Source partitions, and who looks after them.
  int source_partitions_ = 0;
  SourcePartitions sources_;
  const SourceRestorer source_restorer_;
  SourceReader source_reader_;
  IdleWatch idle_watch_;
  const DrainWatch drain_watch_;
  HeldBackEnds held_back_ends_;

  MergePartitions merges_;

  std::unique_ptr<OpenBatch> open_batch_;
  absl::Time last_seal_ = absl::InfinitePast();
  // Of a batch with records, and how many had been read by then.
  absl::Time last_seal_of_records_ = absl::InfinitePast();
  int64_t sealed_records_ = 0;
  std::unique_ptr<BatchCommitter> committer_;

  RecentLatencies latencies_;
  WorkRate rate_;
  absl::Time next_status_ = absl::InfinitePast();
  // What is told of the worker itself; PublishStatus adds its partitions.
  WorkerStatus own_status_;

  mutable absl::Mutex mutex_;
  WorkerStatus status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_WORKER_H_
