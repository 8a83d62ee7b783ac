#ifndef SERVICES_AGGREGATOR_WORKER_H_
#define SERVICES_AGGREGATOR_WORKER_H_

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
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/recent_latencies.h"
#include "services/aggregator/core/record_time_sample.h"
#include "services/aggregator/core/token_bucket.h"
#include "services/aggregator/live_settings.h"
#include "services/aggregator/replica_limit.h"
#include "services/aggregator/shared_alignment.h"
#include "services/aggregator/sink/batch_committer.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/sink/snapshot_encoder.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/aggregator/source/json_record_parser.h"
#include "services/aggregator/wakeup.h"
#include "services/aggregator/worker_status.h"
#include "services/platform/record_log/cluster.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/record_log/offsets.h"
#include "services/platform/record_log/record.h"
#include "services/platform/runtime/clock.h"
#include "services/platform/runtime/cpu_load.h"

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
    // Budget of records fetched and not yet read, over all partitions of the worker.
    int queued_kilobytes = 32768;
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
  // A source partition that this worker reads.
  struct Source {
    TokenBucket limiter;
    bool limited = false;
    // For slower ones, of this worker or another.
    bool waiting = false;
    // Offset at which the log last ended for us; -1 when records came since.
    int64_t end_of_log = -1;
    // When idleness began, and when it was last confirmed by the broker.
    absl::Time idle_since = absl::InfiniteFuture();
    absl::Time idle_confirmed = absl::InfinitePast();
    // Drain request in work, and the offset at which it is done.
    int64_t drain_generation = 0;
    int64_t drain_target = -1;
    SourcePosition committed;
    // Why it is not read any more.
    std::string error;
    // End of the log as the broker says, while it is held back and so not fetched.
    int64_t queried_end = -1;
  };

  // A merge partition that this worker owns.
  struct Merge {
    std::unique_ptr<Merger> merger;
    // Offset in partials after the last frame applied, and applied and sealed.
    int64_t next_offset = 0;
    int64_t sealed_offset = 0;
    // Whether its state has outgrown its share of the limit: it then reads no further.
    bool blocked = false;
    // Whether rows were sealed of which it is not known that they are committed: they cannot be
    // taken from it again, even if its offset is the committed one.
    bool uncommitted = false;
    // The last complete snapshot, and the one before, whose log may go.
    MergeStart snapshot;
    size_t snapshot_bytes = 0;
    // What it waited for when that was last looked at.
    std::shared_ptr<const MergeWait> wait;
    // Of records whose rows have not been committed, and of those in the batch under way.
    std::vector<int64_t> record_times_ms;
    std::vector<int64_t> sealed_record_times_ms;
    int64_t bytes_since_snapshot = 0;
    // The snapshot that is being written, and what of it has been committed.
    std::unique_ptr<SnapshotEncoder> unfinished;
    int64_t unfinished_offset = -1;
    size_t unfinished_bytes = 0;
  };

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
  absl::Status AdoptMerges(
      const std::map<record_log::TopicPartition, record_log::CommittedOffset>& committed,
      std::map<record_log::TopicPartition, int64_t>* starts);
  absl::StatusOr<bool> IsNamedInPartials(int source_partition);
  void DropEverything();
  void Readopt();
  // Takes over a newer plan (tables, watermark delay, idle policy), if there is one and nothing has
  // been counted by the old one.
  void FollowPlan();

  bool ReadPartials();
  // Whether the merge partition's state leaves room for more.
  bool HasRoom(int partition, Merge* merge);
  // Gives everything up, and takes it up again after a while.
  void Fail(const std::string& error);
  bool ReadSources();
  // Tells the other workers how far ours are, and returns how far they may go.
  EventTime Align();
  int ReadSource(int partition, Source* source);
  // So many events, of which so many records with so many bytes.
  struct SourceRead {
    int events = 0;
    int records = 0;
    int64_t bytes = 0;
  };
  SourceRead ReadUpTo(int64_t most, int partition, Source* source);
  // Asks the broker how far the logs are that are not fetched because they are held back.
  void QueryHeldBackEnds();
  void CountRecord(int partition, const record_log::Record& record);
  bool PartialsAreBehind() const;
  void FailSource(int partition, const std::string& error);

  void UpdateIdleness();
  void UpdateDrain();
  bool ConfirmIdle(int partition, Source* source);
  // Longest idleness that can still make a difference to what is closed.
  absl::Duration IdleHorizon() const;

  bool ShouldSeal() const;
  // False when nothing can be committed now.
  bool Seal();
  void SealMerges(SealedBatch* batch);
  // Adds the next records of the merge partition's snapshot, which it begins when one is due and
  // `may_begin`.
  void SealSnapshot(bool may_begin, Merge* merge, MergeOutput* output);
  void TakeCommitResult(absl::Time deadline);
  void OnCommitted(const CommitResult& result);
  void OnSnapshotCommitted(const CommitResult::Snapshot& snapshot);
  bool HasSomethingToSeal() const;
  bool HasSomethingToSeal(const Merge& merge) const;
  // Commits all there is before the partitions go; false when it could not be done in time.
  bool CommitRest(absl::Time deadline);
  void PublishStatus(bool now);
  void MeasureRates(absl::Time now);
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
  JsonRecordParser parser_;
  RecordFields fields_;
  std::unique_ptr<Combiner> combiner_;
  std::unique_ptr<BatchCommitter> committer_;
  std::unique_ptr<record_log::GroupConsumer> consumer_;
  absl::Duration session_timeout_ = absl::Seconds(3);
  uint64_t epoch_ = 1;
  std::vector<record_log::TopicPartition> assigned_;
  bool must_readopt_ = false;
  absl::Time readopt_at_ = absl::InfinitePast();
  int source_partitions_ = 0;
  std::map<int, Source> sources_;
  std::map<int, Merge> merges_;
  // Merge state of partitions that were taken away; of use if they come back at the same offset.
  std::map<int, Merge> kept_;
  RecordTimeSample record_times_;
  RecentLatencies latencies_;
  std::vector<DeadLetter> dead_letters_;
  size_t dead_letter_bytes_ = 0;
  absl::Time last_seal_ = absl::InfinitePast();
  // Until when to wait for our own partials to come back before sealing again.
  absl::Time await_partials_until_ = absl::InfinitePast();
  absl::Time next_idle_check_ = absl::InfinitePast();
  absl::Time next_status_ = absl::InfinitePast();
  absl::Time next_wait_ = absl::InfinitePast();
  // Since when, and from where on, the rates of the present second are measured.
  absl::Time measured_at_ = absl::InfinitePast();
  int64_t measured_records_ = 0;
  runtime::CpuLoad cpu_load_;
  absl::Time next_end_query_ = absl::InfinitePast();
  // Source that was asked for last by QueryHeldBackEnds.
  int queried_source_ = -1;
  WorkerStatus counts_;

  mutable absl::Mutex mutex_;
  WorkerStatus status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_H_
