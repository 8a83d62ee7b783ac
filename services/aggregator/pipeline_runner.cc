#include "services/aggregator/pipeline_runner.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/aggregator/start_positions.h"
#include "services/aggregator/worker/queue_share.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/kafka/transactional_producer.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/process_usage.h"

namespace windrow::aggregator {
namespace {

constexpr absl::Duration kMeasureInterval = absl::Milliseconds(250);
// While replicas wait for each other's partitions: how far these are decides how fast they go.
constexpr absl::Duration kMeasureIntervalWaiting = absl::Milliseconds(100);
constexpr absl::Duration kRateWindow = absl::Seconds(1);
constexpr absl::Duration kTopicTimeout = absl::Seconds(10);
// A worker whose loop has not gone round for so long hangs in a call that has no deadline.
constexpr absl::Duration kHungAfter = absl::Seconds(90);
// Longest wait for a replaced worker before the next one is replaced.
constexpr absl::Duration kReplaceTimeout = absl::Seconds(5);
constexpr size_t kDecisionsKept = 5;
// A limit lets records through from time to time.
constexpr absl::Duration kLimitedFor = absl::Seconds(5);

int Processors() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

int MostWorkers(const PipelineSettings::AutoParallelism& automatic) {
  return automatic.max_workers > 0 ? automatic.max_workers
                                   : std::max(automatic.min_workers, Processors());
}

EventTime SmallestWatermark(const std::vector<WorkerStatus>& workers) {
  EventTime least = kNever;
  bool any = false;
  for (const WorkerStatus& worker : workers) {
    for (const WorkerStatus::Source& source : worker.sources) {
      least = any ? std::min(least, source.position.watermark) : source.position.watermark;
      any = true;
    }
  }
  return least;
}

// The duration that `fraction` of them do not exceed (nearest rank); zero of none.
absl::Duration Quantile(std::vector<absl::Duration>& durations, double fraction) {
  if (durations.empty()) return absl::ZeroDuration();
  const auto rank =
      static_cast<std::ptrdiff_t>(std::ceil(fraction * static_cast<double>(durations.size())) - 1);
  const auto found = durations.begin() + std::max<std::ptrdiff_t>(0, rank);
  std::nth_element(durations.begin(), found, durations.end());
  return *found;
}

}  // namespace

PipelineRunner::PipelineRunner(Options options, const ControlledPipeline& pipeline)
    : options_(std::move(options)),
      topics_(options_.plan->id, options_.plan->incarnation),
      cluster_(options_.kafka),
      watch_(options_.plan.get()) {
  UsePlan(options_.plan);
  Apply(pipeline);
  thread_ = std::thread([this] { Run(); });
}

PipelineRunner::~PipelineRunner() {
  RequestStop();
  thread_.join();
}

void PipelineRunner::Apply(const ControlledPipeline& pipeline) {
  settings_.commit_interval_ms = pipeline.settings.commit_interval_ms;
  settings_.state_limit_bytes = pipeline.settings.state_limit_bytes;
  settings_.drain_generation = pipeline.DrainOf(IncarnationOf(pipeline));
  settings_.max_watermark_delay_us = pipeline.max_watermark_delay;
  settings_.paused = pipeline.paused;
  limit_.SetRates(pipeline.settings.records_per_second, pipeline.settings.bytes_per_second);
  absl::MutexLock lock(&mutex_);
  settings_.records_per_second_per_partition = RateOf(pipeline);
  wanted_ = pipeline;
  changed_ = true;
}

const ControlledIncarnation& PipelineRunner::IncarnationOf(
    const ControlledPipeline& pipeline) const {
  const bool is_next =
      pipeline.next.has_value() && pipeline.next->number == options_.plan->incarnation;
  return is_next ? *pipeline.next : pipeline.served;
}

int64_t PipelineRunner::RateOf(const ControlledPipeline& pipeline) const {
  const int64_t limit = pipeline.settings.records_per_second_per_partition;
  const ControlledIncarnation& incarnation = IncarnationOf(pipeline);
  const int partitions = source_partitions_;
  if (&incarnation == &pipeline.served || incarnation.backfill_records_per_second == 0 ||
      partitions == 0) {
    return limit;
  }
  // An equal share for each partition: whoever reads it, together they keep to the limit.
  const int64_t share = std::max<int64_t>(1, incarnation.backfill_records_per_second / partitions);
  return limit == 0 ? share : std::min(limit, share);
}

void PipelineRunner::RequestStop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

bool PipelineRunner::Stopping() const {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

RunnerProgress PipelineRunner::progress() const {
  absl::MutexLock lock(&mutex_);
  return progress_;
}

void PipelineRunner::Run() {
  while (!Stopping()) {
    const absl::Status status = Prepare();
    if (status.ok()) break;
    runtime::LogWarning("pipeline waits",
                        {{"pipeline", options_.plan->id}, {"for", std::string(status.message())}});
    absl::MutexLock lock(&mutex_);
    progress_.waiting_for = std::string(status.message());
    mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::Milliseconds(250));
  }
  const auto woken = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return changed_ || taken_up_ || stopping_;
  };
  while (!Stopping()) {
    AdjustWorkers();
    Measure();
    ChooseWorkers();
    CheckRounds();
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&woken),
                            waiting_ ? kMeasureIntervalWaiting : kMeasureInterval);
    taken_up_ = false;
  }
  for (auto& worker : workers_) worker.second->RequestStop();
  for (auto& worker : workers_) worker.second->Join();
  workers_.clear();
  stopped_ = true;
}

absl::Status PipelineRunner::Prepare() {
  absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin =
      kafka::TopicAdmin::Create(options_.kafka);
  if (!admin.ok()) return admin.status();
  const auto source = (*admin)->DescribeTopic(options_.plan->source_topic, kTopicTimeout);
  if (!source.ok()) return source.status();
  source_partitions_ = source->partitions;
  const PipelineTopics& topics = topics_;
  const int merges = options_.plan->merge_partitions;
  absl::Status status = (*admin)->EnsureTopics(
      {{topics.partials, merges, {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}},
       {topics.snapshots, merges, {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}},
       {topics.results, merges, {{"cleanup.policy", "compact,delete"}, {"retention.ms", "-1"}}},
       {topics.dead_letter, 1, {{"cleanup.policy", "delete"}, {"retention.ms", "-1"}}}},
      kTopicTimeout);
  ControlledPipeline wanted;
  {
    absl::MutexLock lock(&mutex_);
    wanted = wanted_;
  }
  if (status.ok()) {
    status = FixStartPositions(options_.kafka, admin->get(), *options_.plan,
                               IncarnationOf(wanted).start, source->partitions, kTopicTimeout);
  }
  if (!status.ok()) return status;
  {
    absl::MutexLock lock(&mutex_);
    // Now that the partitions are known.
    settings_.records_per_second_per_partition = RateOf(wanted_);
  }
  absl::StatusOr<std::unique_ptr<LogPurger>> purger = LogPurger::Create(options_.kafka);
  if (!purger.ok()) return purger.status();
  purger_ = *std::move(purger);
  return RetireSlots();
}

// A transaction left open by a slot that is not used any more would hold back readers of partials:
// taking over its id ends it.
absl::Status PipelineRunner::RetireSlots() {
  int used = 0;
  int ever = 0;
  {
    absl::MutexLock lock(&mutex_);
    used = WorkersFor(wanted_.settings);
    ever = std::max(wanted_.max_parallelism, wanted_.ever_by_processors ? Processors() : 0);
  }
  for (int slot = used; slot < ever; ++slot) {
    const auto producer = kafka::TransactionalProducer::Create(
        options_.kafka, Worker::TransactionalId(topics_, options_.replica, slot), absl::Seconds(5),
        kTopicTimeout);
    if (!producer.ok()) return producer.status();
  }
  return absl::OkStatus();
}

void PipelineRunner::AdjustWorkers() {
  ControlledPipeline wanted;
  {
    absl::MutexLock lock(&mutex_);
    if (!changed_) return;
    changed_ = false;
    wanted = wanted_;
  }
  const int parallelism = WorkersFor(wanted.settings);
  const int64_t memory = wanted.settings.fetch_memory_bytes;
  change_.Begin(wanted.generation,
                static_cast<int>(workers_.size()) != parallelism || memory != fetch_memory_bytes_,
                absl::ToUnixMicros(absl::Now()));
  for (auto worker = workers_.lower_bound(parallelism); worker != workers_.end(); ++worker) {
    worker->second->RequestStop();
  }
  if (memory != fetch_memory_bytes_) ReplaceWorkers(parallelism, memory);
  for (int slot = 0; slot < parallelism; ++slot) {
    if (workers_.count(slot) == 0) StartWorker(slot, memory);
  }
  while (!workers_.empty() && workers_.rbegin()->first >= parallelism) {
    StopWorker(workers_.rbegin()->first);
  }
}

bool PipelineRunner::ObserveChange(const std::vector<WorkerStatus>& workers) {
  const auto micros = [](absl::Time time) {
    return time == absl::InfinitePast() ? std::numeric_limits<int64_t>::min()
                                        : absl::ToUnixMicros(time);
  };
  std::vector<WorkerTurn> turns;
  for (const WorkerStatus& worker : workers) {
    turns.push_back({micros(worker.revoked_at), micros(worker.taken_up_at)});
  }
  return change_.Observe(turns, absl::ToUnixMicros(absl::Now()));
}

void PipelineRunner::StartWorker(int slot, int64_t fetch_memory_bytes) {
  Worker::Options options;
  options.cluster = &cluster_;
  options.plan = settings_.plan();
  options.replica = options_.replica;
  options.slot = slot;
  options.settings = &settings_;
  options.limit = &limit_;
  options.alignment = &alignment_;
  options.purge = [this](const std::string& topic, int partition, int64_t offset) {
    purger_->Purge(topic, partition, offset);
  };
  const int64_t kilobytes = fetch_memory_bytes > 0 ? fetch_memory_bytes / 1024
                                                   : int64_t{options_.memory_megabytes} * 1024;
  options.queued_kilobytes_per_partition = QueueShare(kilobytes, source_partitions_);
  options.on_taken_up = [this] {
    absl::MutexLock lock(&mutex_);
    taken_up_ = true;
  };
  options.on_fatal = options_.on_fatal;
  std::unique_ptr<Worker>& worker = workers_[slot];
  worker = std::make_unique<Worker>(std::move(options));
  worker->Start();
  runtime::LogInfo("worker started", {{"pipeline", options_.plan->id}, {"slot", slot}});
}

void PipelineRunner::StopWorker(int slot) {
  const auto worker = workers_.find(slot);
  worker->second->RequestStop();
  worker->second->Join();
  ended_.Add(worker->second->status().counts);
  workers_.erase(worker);
}

void PipelineRunner::ReplaceWorkers(int parallelism, int64_t fetch_memory_bytes) {
  fetch_memory_bytes_ = fetch_memory_bytes;
  for (int slot = 0; slot < parallelism && !Stopping(); ++slot) {
    if (workers_.count(slot) == 0) continue;
    StopWorker(slot);
    StartWorker(slot, fetch_memory_bytes);
    const absl::Time deadline = absl::Now() + kReplaceTimeout;
    while (workers_[slot]->status().state != WorkerState::kRunning && absl::Now() < deadline) {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), absl::Milliseconds(20))) return;
    }
  }
}

int PipelineRunner::WorkersFor(const PipelineSettings& settings) {
  if (!settings.automatic.enabled) {
    chosen_workers_ = 0;
    return settings.parallelism;
  }
  if (chosen_workers_ == 0) {
    chosen_workers_ = std::clamp(settings.parallelism, settings.automatic.min_workers,
                                 MostWorkers(settings.automatic));
  }
  return chosen_workers_;
}

void PipelineRunner::ChooseWorkers() {
  PipelineSettings::AutoParallelism automatic;
  {
    absl::MutexLock lock(&mutex_);
    automatic = wanted_.settings.automatic;
  }
  if (!automatic.enabled || chosen_workers_ == 0) return;
  policy_.SetRange(automatic.min_workers, MostWorkers(automatic));
  const absl::optional<ParallelismStep> step = policy_.Observe(ObserveWorkers());
  if (!step.has_value()) return;
  runtime::LogInfo("number of workers chosen", {{"pipeline", options_.plan->id},
                                                {"from", chosen_workers_},
                                                {"to", step->workers},
                                                {"reason", step->reason}});
  decisions_.push_back({absl::Now(), chosen_workers_, step->workers, step->reason});
  if (decisions_.size() > kDecisionsKept) decisions_.erase(decisions_.begin());
  chosen_workers_ = step->workers;
  absl::MutexLock lock(&mutex_);
  changed_ = true;
}

ParallelismObservation PipelineRunner::ObserveWorkers() {
  const RunnerProgress measured = progress();
  ParallelismObservation seen;
  seen.now_us = absl::ToUnixMicros(absl::Now());
  seen.workers = chosen_workers_;
  seen.lag_records = measured.lag_records;
  seen.processed_per_second = measured.processed_rows_per_second;
  seen.cpu_load = cpu_load_;
  seen.processors = Processors();
  seen.settled = !workers_.empty();
  for (const WorkerStatus& worker : measured.workers) {
    seen.source_partitions += static_cast<int>(worker.sources.size());
    seen.settled = seen.settled && worker.state == WorkerState::kRunning;
    for (const WorkerStatus::Source& source : worker.sources) {
      if (source.limited) limited_at_ = absl::Now();
    }
  }
  seen.held = settings_.paused || absl::Now() - limited_at_ < kLimitedFor;
  return seen;
}

void PipelineRunner::Measure() {
  RunnerProgress progress;
  progress.counts = ended_;
  int64_t log_end = 0;
  std::vector<absl::Duration> durations;
  std::vector<absl::Duration> latencies;
  for (const auto& worker : workers_) {
    progress.workers.push_back(worker.second->status());
    const WorkerStatus& status = progress.workers.back();
    progress.counts.Add(status.counts);
    durations.insert(durations.end(), status.commit_durations.begin(),
                     status.commit_durations.end());
    latencies.insert(latencies.end(), status.latencies.begin(), status.latencies.end());
    for (const WorkerStatus::Source& source : status.sources) {
      log_end += std::max(source.log_end, source.position.end_offset);
      progress.lag_records += std::max<int64_t>(0, source.log_end - source.position.end_offset);
    }
  }
  progress.commit_duration = Quantile(durations, 0.5);
  if (!latencies.empty()) {
    progress.latency_p50 = Quantile(latencies, 0.5);
    progress.latency_p99 = Quantile(latencies, 0.99);
  }
  HearOthers();
  progress.watermark = SmallestWatermark(progress.workers);
  progress.report = ReportWatermark(progress.workers);
  progress.decisions = decisions_;
  const bool applied = ObserveChange(progress.workers);
  progress.generation = change_.generation();
  progress.apply_time = absl::FromUnixMicros(change_.applied_us());
  progress.pause = absl::Microseconds(change_.pause());
  waiting_ = WaitsWithOthers(progress.workers);
  PublishProgress(std::move(progress), log_end);
  if ((applied || waiting_) && options_.publish_soon) options_.publish_soon();
}

void PipelineRunner::PublishProgress(RunnerProgress progress, int64_t log_end) {
  const absl::Time now = absl::Now();
  absl::MutexLock lock(&mutex_);
  progress.input_rows_per_second = progress_.input_rows_per_second;
  progress.processed_rows_per_second = progress_.processed_rows_per_second;
  if (now - measured_at_ >= kRateWindow) {
    if (measured_at_ != absl::InfinitePast()) {
      const double seconds = absl::ToDoubleSeconds(now - measured_at_);
      cpu_load_ = absl::ToDoubleSeconds(runtime::ProcessCpuTime() - measured_cpu_) / seconds;
      progress.processed_rows_per_second =
          static_cast<double>(progress.counts.records_processed - measured_records_) / seconds;
      // Partitions come and go with rebalances: a negative arrival is none.
      progress.input_rows_per_second =
          static_cast<double>(std::max<int64_t>(0, log_end - measured_log_end_)) / seconds;
    }
    measured_at_ = now;
    measured_cpu_ = runtime::ProcessCpuTime();
    measured_records_ = progress.counts.records_processed;
    measured_log_end_ = log_end;
  }
  progress_ = std::move(progress);
}

// Whether partitions wait for each other across replicas.
bool PipelineRunner::WaitsWithOthers(const std::vector<WorkerStatus>& workers) const {
  if (others_.sources.empty()) return false;
  return others_.waiting ||
         std::any_of(workers.begin(), workers.end(), [](const WorkerStatus& worker) {
           return std::any_of(worker.sources.begin(), worker.sources.end(),
                              [](const WorkerStatus::Source& source) { return source.waiting; });
         });
}

void PipelineRunner::HearOthers() {
  if (!options_.others) return;
  others_ = ReportOthers(*options_.plan, options_.others());
  for (auto& facts : others_.facts) facts.second.paused = settings_.paused;
  alignment_.Hear(others_.sources, absl::Now());
}

WatermarkReport PipelineRunner::ReportWatermark(const std::vector<WorkerStatus>& workers) {
  std::vector<MergeWait> merges;
  std::map<int, SourceFacts> facts = others_.facts;
  for (const WorkerStatus& worker : workers) {
    for (const WorkerStatus::Merge& merge : worker.merges) {
      if (merge.wait != nullptr) merges.push_back(*merge.wait);
    }
    for (const WorkerStatus::Source& source : worker.sources) {
      SourceFacts& known = facts[source.position.partition];
      known.replica = options_.replica;
      known.running = worker.state == WorkerState::kRunning ||
                      worker.state == WorkerState::kBlocked || worker.state == WorkerState::kFailed;
      known.limited = source.limited;
      known.paused = settings_.paused;
      // Behind the last record there may be markers of transactions, which nobody reads.
      known.lag_records = source.position.idle_for > 0
                              ? 0
                              : std::max<int64_t>(0, source.log_end - source.position.end_offset);
      known.error = source.error;
    }
  }
  WatermarkReport report = watch_.Observe(
      merges, facts, absl::ToUnixMicros(absl::Now()),
      merges.empty() ? others_.WaitWith(workers, settings_.plan()->idle_policy.idle_timeout)
                     : absl::nullopt);
  for (const WorkerStatus& worker : workers) {
    if (worker.state == WorkerState::kBlocked) report.merge_error = worker.error;
  }
  return report;
}

void PipelineRunner::CheckRounds() {
  for (const auto& worker : workers_) {
    if (absl::Now() - worker.second->last_round() < kHungAfter) continue;
    // Crash-only: what is in memory is worth nothing, and a restart goes on from the commit.
    runtime::LogError("worker hangs", {{"pipeline", options_.plan->id}, {"slot", worker.first}});
    _exit(70);
  }
}

}  // namespace windrow::aggregator
