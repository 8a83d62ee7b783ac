#include "services/aggregator/worker/worker.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/aggregator/worker/broker_timeouts.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/process_usage.h"

namespace windrow::aggregator {
namespace {

using record_log::CommittedOffset;
using record_log::GroupConsumer;
using record_log::TopicPartition;

// A source with a longer backlog counts as behind: throughput matters more than latency.
constexpr int64_t kBehindRecords = 20'000;
constexpr absl::Duration kCommitIntervalBehind = absl::Milliseconds(200);
// Longest sleep of the loop, waiting for a limit or a commit, and with nothing to do.
constexpr absl::Duration kWaitingRound = absl::Milliseconds(5);
constexpr absl::Duration kRestingRound = absl::Milliseconds(50);
// Below the session timeout, so that a revocation is answered while the group still waits.
constexpr absl::Duration kRevokeDeadline = absl::Milliseconds(2500);
constexpr absl::Duration kLeaveTimeout = absl::Seconds(6);
constexpr absl::Duration kReadoptDelay = absl::Milliseconds(100);
constexpr absl::Duration kRetryAfterFailure = absl::Seconds(10);
constexpr absl::Duration kConnectTimeout = absl::Seconds(5);
constexpr absl::Duration kGiveUpTimeout = absl::Seconds(1);
// The least that brokers allow by default.
constexpr absl::Duration kUsualSessionTimeout = absl::Seconds(6);
constexpr absl::Duration kStatusInterval = absl::Milliseconds(100);
constexpr size_t kCommitDurationsKept = 64;

SourceReader::Options ReaderOptions(
    const Worker::Options& options,
    std::function<void(int partition, const std::string& error)> on_failed) {
  SourceReader::Options reader;
  reader.source_topic = options.plan->source_topic;
  reader.clock = options.clock;
  reader.settings = options.settings;
  reader.limit = options.limit;
  reader.alignment = options.alignment;
  reader.on_failed = std::move(on_failed);
  return reader;
}

MergePartitions::Options MergeOptions(const Worker::Options& options) {
  MergePartitions::Options merges;
  merges.cluster = options.cluster;
  merges.clock = options.clock;
  merges.plan = options.plan;
  merges.settings = options.settings;
  merges.purge = options.purge;
  merges.snapshot_bytes = options.snapshot_bytes;
  return merges;
}

}  // namespace

Worker::Worker(Options options)
    : options_(std::move(options)),
      topics_(options_.plan->id, options_.plan->incarnation),
      plan_(options_.plan),
      source_restorer_(options_.cluster, options_.clock, options_.plan, topics_),
      source_reader_(ReaderOptions(
          options_,
          [this](int partition, const std::string& error) { FailSource(partition, error); })),
      idle_watch_(options_.plan, options_.settings, options_.clock),
      drain_watch_(options_.plan->source_topic, options_.settings),
      held_back_ends_(options_.plan->source_topic),
      merges_(MergeOptions(options_)) {
  own_status_.slot = options_.slot;
  own_status_.start_time = Now();
}

Worker::~Worker() {
  RequestStop();
  Join();
}

std::string Worker::TransactionalId(const PipelineTopics& topics, const std::string& replica,
                                    int slot) {
  return absl::StrCat(topics.group, ".", replica, ".", slot);
}

void Worker::Start() {
  last_round_ms_ = absl::ToUnixMillis(Now());
  thread_ = std::thread([this] { Run(); });
}

void Worker::RequestStop() {
  stop_ = true;
  wakeup_.Notify();
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

WorkerStatus Worker::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void Worker::SetState(WorkerState state, const std::string& error) {
  own_status_.state = state;
  own_status_.error = error;
  PublishStatus(true);
}

void Worker::Run() {
  while (!stop_) {
    const absl::Status status = Connect();
    last_round_ms_ = absl::ToUnixMillis(Now());
    if (status.ok()) {
      committer_->Start();
      break;
    }
    SetState(WorkerState::kStarting, std::string(status.message()));
    runtime::LogWarning("worker cannot connect",
                        {{"slot", options_.slot}, {"error", std::string(status.message())}});
    wakeup_.Wait(absl::Seconds(1));
  }
  while (!stop_) {
    const absl::Duration rest = Round();
    if (rest > absl::ZeroDuration()) wakeup_.Wait(rest);
  }
  Leave();
}

absl::Status Worker::Connect() {
  absl::StatusOr<std::unique_ptr<OpenBatch>> batch = OpenBatch::Create(plan_);
  if (!batch.ok()) return batch.status();
  open_batch_ = *std::move(batch);

  BatchCommitter::Options committer;
  committer.cluster = options_.cluster;
  committer.clock = options_.clock;
  committer.client_id = ClientId();
  committer.transactional_id = TransactionalId(topics_, options_.replica, options_.slot);
  committer.plan = options_.plan;
  committer.on_result = [this] { wakeup_.Notify(); };
  committer_ = std::make_unique<BatchCommitter>(std::move(committer));
  committer_->SetEpoch(epoch_);
  // First: it goes on by itself meanwhile. What it is assigned is taken up when it is polled.
  const absl::Status joined = JoinGroup();
  if (!joined.ok()) return joined;
  absl::Status status = committer_->Connect(kConnectTimeout);
  if (!status.ok()) {
    // Others can have the partitions meanwhile.
    consumer_->Close(kGiveUpTimeout).IgnoreError();
    consumer_.reset();
  }
  return status;
}

std::string Worker::ClientId() const {
  // The zero-padded slot keeps the order of members, and so the assignment, over a restart.
  return absl::StrFormat("%s-%03d", options_.replica, options_.slot);
}

absl::Status Worker::JoinGroup() {
  GroupConsumer::Options consumer;
  consumer.session_timeout = session_timeout_;
  consumer.group = topics_.group;
  consumer.topics = {options_.plan->source_topic, topics_.partials};
  consumer.queued_kilobytes_per_partition = options_.queued_kilobytes_per_partition;
  consumer.on_wakeup = [](void* wakeup) { static_cast<Wakeup*>(wakeup)->Notify(); };
  consumer.wakeup_opaque = &wakeup_;
  auto created = options_.cluster->JoinGroup(ClientId(), consumer, this);
  if (!created.ok()) return created.status();
  consumer_ = *std::move(created);
  return absl::OkStatus();
}

absl::Duration Worker::Round() {
  last_round_ms_ = absl::ToUnixMillis(Now());
  const absl::Status polled = consumer_->Poll(absl::ZeroDuration());
  if (absl::IsOutOfRange(polled) && session_timeout_ < kUsualSessionTimeout) {
    RejoinWithUsualSession();
    return absl::ZeroDuration();
  }
  if (!polled.ok()) {
    options_.on_fatal(std::string(polled.message()));
    return absl::ZeroDuration();
  }
  if (committer_->busy()) TakeCommitResult(absl::InfinitePast());
  if (must_readopt_ && Now() >= readopt_at_) Readopt();
  FollowPlan();
  // Partials first: they free memory, and windows wait for them.
  bool busy = ReadPartials();
  busy = ReadSources() || busy;
  idle_watch_.Update(*plan_, consumer_.get(), &sources_, &open_batch_->combiner());
  drain_watch_.Update(consumer_.get(), &sources_, &open_batch_->combiner());
  held_back_ends_.Update(Now(), options_.settings->paused, consumer_.get(), &sources_);
  if (ShouldSeal()) busy = Seal() || busy;
  PublishStatus(false);
  if (busy) return absl::ZeroDuration();
  return AtRest() ? kRestingRound : kWaitingRound;
}

// Whether nothing but the arrival of records, which wakes us, can make work.
bool Worker::AtRest() const {
  const bool joining = own_status_.counts.rebalances == 0;
  return !joining && !committer_->busy() && !must_readopt_ && !HasSomethingToSeal() &&
         (options_.settings->paused ||
          std::all_of(sources_.begin(), sources_.end(), [](const auto& entry) {
            return entry.second.end_of_log >= 0 && !entry.second.limited;
          }));
}

// Our own broker allows short sessions; one that does not takes its usual least.
void Worker::RejoinWithUsualSession() {
  runtime::LogWarning("short sessions refused",
                      {{"slot", options_.slot},
                       {"hint",
                        "for a quicker restart after a crash, set the broker's "
                        "group.min.session.timeout.ms to 3000 or less"}});
  session_timeout_ = kUsualSessionTimeout;
  consumer_.reset();
  const absl::Status joined = JoinGroup();
  if (!joined.ok()) options_.on_fatal(std::string(joined.message()));
}

void Worker::Leave() {
  SetState(WorkerState::kStopping);
  if (consumer_ != nullptr) {
    const absl::Status status = consumer_->Close(kLeaveTimeout);
    if (!status.ok()) {
      runtime::LogWarning("worker left without confirmation",
                          {{"slot", options_.slot}, {"error", std::string(status.message())}});
    }
  }
  consumer_.reset();
  committer_.reset();
  runtime::LogInfo("worker stopped", {{"pipeline", options_.plan->id}, {"slot", options_.slot}});
}

// ---- Assignment

void Worker::OnAssigned(const std::vector<TopicPartition>& partitions) {
  ++own_status_.counts.rebalances;
  assigned_ = partitions;
  must_readopt_ = true;
  Readopt();
}

void Worker::OnRevoked(bool lost) {
  if (own_status_.revoked_at <= own_status_.taken_up_at) own_status_.revoked_at = Now();
  const absl::Time deadline = Now() + kRevokeDeadline;
  if (lost) {
    if (committer_->busy()) TakeCommitResult(deadline);
  } else if (!CommitRest(deadline)) {
    runtime::LogWarning("batch dropped at revocation", {{"slot", options_.slot}});
  }
  merges_.KeepAside();
  DropEverything();
  assigned_.clear();
  must_readopt_ = false;
  SetState(WorkerState::kStarting);
}

bool Worker::CommitRest(absl::Time deadline) {
  if (committer_->busy()) TakeCommitResult(deadline);
  if (committer_->busy() || must_readopt_) return false;
  if (!HasSomethingToSeal()) return true;
  if (!Seal()) return false;
  TakeCommitResult(deadline);
  return !committer_->busy() && !must_readopt_;
}

void Worker::DropEverything() {
  ++epoch_;
  committer_->SetEpoch(epoch_);
  open_batch_->Reset();
  sources_.clear();
  merges_.Drop();
  if (options_.limit != nullptr) options_.limit->SetOwned(options_.slot, 0, source_partitions_);
}

void Worker::StartOver(absl::Time retry_at) {
  DropEverything();
  must_readopt_ = !assigned_.empty();
  readopt_at_ = retry_at;
}

void Worker::Readopt() {
  const absl::Status status = Adopt();
  if (status.ok()) {
    must_readopt_ = false;
    own_status_.taken_up_at = Now();
    // A source that is lost stays to be seen.
    if (own_status_.state != WorkerState::kFailed) own_status_.state = WorkerState::kRunning;
    SetState(own_status_.state, own_status_.state == WorkerState::kFailed ? own_status_.error : "");
    if (options_.on_taken_up) options_.on_taken_up();
    return;
  }
  DropEverything();
  readopt_at_ = Now() + kReadoptDelay;
  // The client waits for an assignment, even an empty one.
  consumer_->Assign({}).IgnoreError();
  SetState(
      status.code() == absl::StatusCode::kDataLoss ? WorkerState::kFailed : WorkerState::kRestoring,
      std::string(status.message()));
  runtime::LogWarning("partitions not taken up",
                      {{"slot", options_.slot}, {"error", std::string(status.message())}});
}

void Worker::FollowPlan() {
  if (options_.settings->plan_generation <= plan_->plan_generation ||
      open_batch_->combiner().HasChanges()) {
    return;
  }
  plan_ = options_.settings->plan();
  open_batch_->combiner().UsePlan(plan_);
}

absl::Status Worker::Adopt() {
  if (assigned_.empty()) return consumer_->Assign({});
  SetState(WorkerState::kRestoring);
  const absl::StatusOr<std::map<TopicPartition, CommittedOffset>> committed =
      consumer_->Committed(assigned_, kCommittedTimeout);
  if (!committed.ok()) return committed.status();
  source_partitions_ = consumer_->PartitionCount(options_.plan->source_topic, kQueryTimeout);
  if (source_partitions_ == 0) {
    return absl::UnavailableError(
        absl::StrCat("the partitions of ", options_.plan->source_topic, " are not known yet"));
  }
  std::map<TopicPartition, int64_t> starts;
  absl::Status status = merges_.Adopt(*committed, consumer_.get(), &starts);
  if (status.ok()) status = AdoptSources(*committed, &starts);
  if (status.ok()) status = consumer_->Assign(starts);
  if (!status.ok()) return status;
  open_batch_->combiner().SetPartitions(source_partitions_);
  if (options_.limit != nullptr) {
    options_.limit->SetOwned(options_.slot, static_cast<int>(sources_.size()), source_partitions_);
  }
  merges_.ForgetKept();
  runtime::LogInfo("partitions taken up", {{"pipeline", options_.plan->id},
                                           {"slot", options_.slot},
                                           {"sources", static_cast<int64_t>(sources_.size())},
                                           {"merges", static_cast<int64_t>(merges_.size())}});
  return absl::OkStatus();
}

absl::Status Worker::AdoptSources(const std::map<TopicPartition, CommittedOffset>& committed,
                                  std::map<TopicPartition, int64_t>* starts) {
  const absl::StatusOr<std::map<int, RestoredSource>> restored =
      source_restorer_.Restore(committed, plan_->plan_generation, consumer_.get());
  if (!restored.ok()) return restored.status();
  for (const auto& entry : *restored) {
    const int partition = entry.first;
    const RestoredSource& source = entry.second;
    sources_[partition].committed = source.position;
    open_batch_->combiner().AddSource(source.position);
    if (source.error.empty()) {
      (*starts)[{options_.plan->source_topic, partition}] = source.position.end_offset;
    } else {
      open_batch_->combiner().Silence(partition);
      FailSource(partition, source.error);
    }
  }
  return absl::OkStatus();
}

void Worker::FailSource(int partition, const std::string& error) {
  sources_[partition].error = error;
  own_status_.state = WorkerState::kFailed;
  own_status_.error = error;
  runtime::LogError(
      "source partition failed",
      {{"topic", options_.plan->source_topic}, {"partition", partition}, {"error", error}});
}

// ---- Reading

bool Worker::ReadPartials() {
  const absl::StatusOr<bool> busy = merges_.Read(consumer_.get());
  if (busy.ok()) return *busy;
  FailMerges(busy.status());
  return false;
}

void Worker::FailMerges(const absl::Status& status) {
  const std::string error(status.message());
  runtime::LogError("worker failed",
                    {{"pipeline", options_.plan->id}, {"slot", options_.slot}, {"error", error}});
  StartOver(Now() + kRetryAfterFailure);
  SetState(WorkerState::kFailed, error);
}

bool Worker::ReadSources() {
  if (options_.settings->paused) {
    for (auto& source : sources_) {
      source.second.limited = false;
      source.second.waiting = false;
    }
    return false;
  }
  const EventTime limit = source_reader_.Align(sources_, open_batch_->combiner());
  if (open_batch_->IsOverfull() || merges_.IsBehind(*consumer_)) return false;
  return source_reader_.ReadNext(limit, consumer_.get(), &sources_, open_batch_.get());
}

// ---- Committing

bool Worker::HasSomethingToSeal() const {
  return open_batch_->combiner().HasChanges() || merges_.HasSomethingToSeal(Now());
}

bool Worker::IsFarBehind() const {
  return std::any_of(sources_.begin(), sources_.end(), [this](const auto& entry) {
    const int64_t end = consumer_->LogEnd({options_.plan->source_topic, entry.first});
    return end - open_batch_->combiner().position(entry.first)->end_offset > kBehindRecords;
  });
}

bool Worker::OwnsAllPartitions() const {
  return static_cast<int>(sources_.size()) == source_partitions_ &&
         static_cast<int>(merges_.size()) == plan_->merge_partitions;
}

bool Worker::ShouldSeal() const {
  if (committer_->busy() || must_readopt_ || !HasSomethingToSeal()) return false;
  const absl::Time now = Now();
  if (merges_.AwaitsOwnFrames(now)) return false;
  if (open_batch_->IsFull()) return true;
  if (now - last_seal_ < absl::Milliseconds(options_.settings->commit_interval_ms.load())) {
    return false;
  }
  // From one with records to the next: one that only says where sources begin holds up nothing.
  return now - last_seal_of_records_ >= kCommitIntervalBehind || !IsFarBehind();
}

bool Worker::Seal() {
  SealedBatch batch;
  batch.epoch = epoch_;
  batch.group = consumer_->CaptureGroupMetadata();
  if (batch.group == nullptr) return false;
  batch.plan = plan_;
  open_batch_->SealInto(options_.plan->source_topic, &batch);
  if (OwnsAllPartitions() && !IsFarBehind()) {
    const absl::Status applied = merges_.ApplyAhead(&batch);
    if (!applied.ok()) {
      FailMerges(applied);
      return false;
    }
  }
  merges_.SealInto(&batch);
  last_seal_ = Now();
  if (sealed_records_ != source_reader_.records_read()) {
    sealed_records_ = source_reader_.records_read();
    last_seal_of_records_ = last_seal_;
  }
  committer_->Submit(std::move(batch));
  FollowPlan();
  return true;
}

void Worker::TakeCommitResult(absl::Time deadline) {
  const absl::optional<CommitResult> result = committer_->TakeResult(deadline);
  if (!result.has_value()) return;
  if (result->committed) {
    OnCommitted(*result);
    return;
  }
  ++own_status_.counts.aborts;
  runtime::LogWarning(
      "batch aborted",
      {{"pipeline", options_.plan->id}, {"slot", options_.slot}, {"error", result->error}});
  if (result->fenced_twice) {
    options_.on_fatal(absl::StrCat("another process uses the replica name \"", options_.replica,
                                   "\": give each replica a name of its own with --replica (",
                                   result->error, ")"));
    return;
  }
  if (result->misplaced) merges_.OnMisplaced();
  StartOver(Now());
}

void Worker::OnCommitted(const CommitResult& result) {
  ++own_status_.counts.commits;
  own_status_.counts.rows_written += result.rows;
  own_status_.counts.transaction_durations.Add(result.duration);
  own_status_.commit_durations.push_back(result.duration);
  if (own_status_.commit_durations.size() > kCommitDurationsKept) {
    own_status_.commit_durations.erase(own_status_.commit_durations.begin());
  }
  const absl::Time now = Now();
  for (auto& entry : sources_) {
    const SourcePosition& sealed = open_batch_->combiner().sealed_position(entry.first);
    if (sealed.end_offset != entry.second.committed.end_offset) entry.second.commit_time = now;
    entry.second.committed = sealed;
  }
  merges_.OnCommitted(result, &latencies_);
}

// ---- Status

void Worker::PublishStatus(bool now) {
  const absl::Time time = Now();
  if (!now && time < next_status_) return;
  next_status_ = time + kStatusInterval;
  own_status_.counts.records_processed = source_reader_.records_read();
  if (open_batch_ != nullptr) own_status_.counts.dead_letters = open_batch_->dead_letter_counts();
  rate_.Update(time, own_status_.counts.records_processed, runtime::ThreadCpuTime());
  own_status_.records_per_second = rate_.records_per_second();
  own_status_.cpu_load = rate_.cpu_load();
  WorkerStatus status = own_status_;
  status.latencies = latencies_.Get(time);
  for (const auto& entry : sources_) {
    WorkerStatus::Source source;
    source.position = entry.second.committed;
    source.commit_time = entry.second.commit_time;
    source.log_end = std::max(consumer_->LogEnd({options_.plan->source_topic, entry.first}),
                              entry.second.queried_end);
    source.limited = entry.second.limited;
    source.waiting = entry.second.waiting;
    source.error = entry.second.error;
    status.sources.push_back(std::move(source));
  }
  if (consumer_ != nullptr) merges_.ReportInto(*plan_, *consumer_, &status);
  absl::MutexLock lock(&mutex_);
  status_ = std::move(status);
}

}  // namespace windrow::aggregator
