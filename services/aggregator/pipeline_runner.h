#ifndef SERVICES_AGGREGATOR_PIPELINE_RUNNER_H_
#define SERVICES_AGGREGATOR_PIPELINE_RUNNER_H_

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
#include "absl/types/optional.h"
#include "services/aggregator/core/applied_change.h"
#include "services/aggregator/core/control_state.h"
#include "services/aggregator/core/parallelism_policy.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/watermark_report.h"
#include "services/aggregator/others_report.h"
#include "services/aggregator/sink/log_purger.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/worker/live_settings.h"
#include "services/aggregator/worker/replica_limit.h"
#include "services/aggregator/worker/shared_alignment.h"
#include "services/aggregator/worker/worker.h"
#include "services/aggregator/worker/worker_counts.h"
#include "services/aggregator/worker/worker_status.h"
#include "services/platform/kafka/kafka_cluster.h"
#include "services/platform/kafka/kafka_config.h"
#include "windrow/status/v1/status.pb.h"

namespace windrow::aggregator {

// A choice of the number of workers.
struct ParallelismDecision {
  absl::Time time;
  int from_workers = 0;
  int to_workers = 0;
  std::string reason;
};

// What one replica does for one pipeline, measured.
struct RunnerProgress {
  // Generation of the settings that are applied.
  int64_t generation = 0;
  // When they were, and how long nothing was read from the source topic for it.
  absl::Time apply_time = absl::InfinitePast();
  absl::Duration pause;
  double input_rows_per_second = 0;
  double processed_rows_per_second = 0;
  // Of its workers, those that have ended among them.
  WorkerCounts counts;
  int64_t lag_records = 0;
  EventTime watermark = kNever;
  absl::Duration commit_duration;
  // From a record's Kafka timestamp to the commit of its row; absent while nothing was counted of
  // late.
  absl::optional<absl::Duration> latency_p50;
  absl::optional<absl::Duration> latency_p99;
  std::vector<WorkerStatus> workers;
  // What holds windows back.
  WatermarkReport report;
  // The last ones, newest last.
  std::vector<ParallelismDecision> decisions;
  // Why the pipeline has no workers yet.
  std::string waiting_for;
};

// Runs one incarnation of a pipeline in this replica: makes its topics, keeps as many workers as
// the settings say, and measures. Its own thread does the slow parts. Thread-safe.
class PipelineRunner {
 public:
  struct Options {
    kafka::KafkaConfig kafka;
    std::string replica;
    std::shared_ptr<const PipelinePlan> plan;
    int memory_megabytes = 16;
    // What the other replicas that are alive tell; called on the runner's thread, and may be empty.
    std::function<std::vector<windrow::status::v1::ReplicaStatus>()> others;
    // Called on the runner's thread when progress() has changed in what others wait for.
    std::function<void()> publish_soon;
    // Called when the process has to end; see Worker::Options.
    std::function<void(const std::string& reason)> on_fatal;
  };

  PipelineRunner(Options options, const ControlledPipeline& pipeline);
  // Stops the workers in order.
  ~PipelineRunner();
  PipelineRunner(const PipelineRunner&) = delete;
  PipelineRunner& operator=(const PipelineRunner&) = delete;

  // Takes over new settings; returns at once.
  void Apply(const ControlledPipeline& pipeline);

  // Takes over a plan with newer tables, watermark delay or idle policy; returns at once.
  void UsePlan(std::shared_ptr<const PipelinePlan> plan) { settings_.SetPlan(std::move(plan)); }
  // Generation of the plan that it has been given last.
  int64_t plan_generation() const { return settings_.plan_generation; }

  // The plan that its workers follow.
  std::shared_ptr<const PipelinePlan> plan() const {
    std::shared_ptr<const PipelinePlan> newest = settings_.plan();
    return newest == nullptr ? options_.plan : newest;
  }

  // Asks all workers to stop; returns at once. The destructor waits.
  void RequestStop();
  // Whether they have: then the destructor does not wait.
  bool stopped() const { return stopped_; }

  RunnerProgress progress() const;

 private:
  void Run();
  // What of the pipeline is about the incarnation that is run here.
  const ControlledIncarnation& IncarnationOf(const ControlledPipeline& pipeline) const;
  // The limit of settings or, while it catches up and that is less, of the back-fill.
  int64_t RateOf(const ControlledPipeline& pipeline) const;
  // Makes the topics, fixes where to begin, and frees the transactional ids of slots that are no
  // longer used.
  absl::Status Prepare();
  absl::Status RetireSlots();
  void AdjustWorkers();
  bool ObserveChange(const std::vector<WorkerStatus>& workers);
  void StartWorker(int slot, int64_t fetch_memory_bytes);
  void StopWorker(int slot);
  // One after another, so that the others go on meanwhile.
  void ReplaceWorkers(int parallelism, int64_t fetch_memory_bytes);
  // Number of workers that the settings ask for, or that were chosen by them.
  int WorkersFor(const PipelineSettings& settings);
  // Chooses the number of workers, where that is left to us.
  void ChooseWorkers();
  ParallelismObservation ObserveWorkers();
  void Measure();
  // With rates; `log_end` is that of all sources together.
  void PublishProgress(RunnerProgress progress, int64_t log_end);
  // Takes what the other replicas tell of the pipeline.
  void HearOthers();
  bool WaitsWithOthers(const std::vector<WorkerStatus>& workers) const;
  WatermarkReport ReportWatermark(const std::vector<WorkerStatus>& workers);
  void CheckRounds();
  bool Stopping() const;

  const Options options_;
  const PipelineTopics topics_;
  kafka::KafkaCluster cluster_;
  LiveSettings settings_;
  ReplicaLimit limit_;
  SharedAlignment alignment_;
  std::unique_ptr<LogPurger> purger_;
  // Of the source topic; 0 until they are known.
  std::atomic<int> source_partitions_{0};
  std::atomic<bool> stopped_{false};

  // Of the runner's thread.
  std::map<int, std::unique_ptr<Worker>> workers_;
  // Memory that they were started with, as the settings have it.
  int64_t fetch_memory_bytes_ = 0;
  ParallelismPolicy policy_;
  // 0 while the settings say how many workers there are.
  int chosen_workers_ = 0;
  std::vector<ParallelismDecision> decisions_;
  // When a limit was last seen to keep records from being read.
  absl::Time limited_at_ = absl::InfinitePast();
  // Of the process, over the last second or so.
  double cpu_load_ = 0;
  absl::Duration measured_cpu_;
  // Counts of workers that have ended, so that totals do not fall.
  WorkerCounts ended_;
  absl::Time measured_at_ = absl::InfinitePast();
  int64_t measured_records_ = 0;
  int64_t measured_log_end_ = 0;
  WatermarkWatch watch_;
  OthersReport others_;
  bool waiting_ = false;
  AppliedChange change_;

  mutable absl::Mutex mutex_;
  ControlledPipeline wanted_ ABSL_GUARDED_BY(mutex_);
  bool changed_ ABSL_GUARDED_BY(mutex_) = true;
  // A worker has taken up partitions.
  bool taken_up_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  RunnerProgress progress_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_PIPELINE_RUNNER_H_
