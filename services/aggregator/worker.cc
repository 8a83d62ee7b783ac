#include "services/aggregator/worker.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/aggregator/sink/frame_encoder.h"
#include "services/aggregator/source/merge_restorer.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/process_usage.h"

namespace windrow::aggregator {
namespace {

using record_log::CommittedOffset;
using record_log::GroupConsumer;
using record_log::TopicPartition;

constexpr int kReadBatch = 1000;
constexpr int kFrameBatch = 50;
// Sources of one worker are read within this distance in event time of the slowest one.
constexpr EventSpan kAlignment = kMicrosPerHour;
// A source with a longer backlog counts as behind: throughput matters more than latency.
constexpr int64_t kBehindRecords = 20'000;
constexpr absl::Duration kCommitIntervalBehind = absl::Milliseconds(200);
// Sizes at which a batch is sealed early, and at which reading stops until it can be.
constexpr size_t kFullBatchCells = 100'000;
constexpr size_t kMaxBatchCells = 400'000;
constexpr size_t kFullBatchBytes = 32'000'000;
constexpr size_t kMaxBatchBytes = 64'000'000;
constexpr size_t kFullBatchDeadLetters = 5'000;
constexpr size_t kMaxBatchDeadLetters = 20'000;
constexpr size_t kFullBatchDeadLetterBytes = 8'000'000;
constexpr size_t kMaxBatchDeadLetterBytes = 16'000'000;
// Combine waits while more frames than this are unread.
constexpr int64_t kMaxUnreadFrames = 2'000;
constexpr absl::Duration kAwaitPartials = absl::Milliseconds(5);
// Longest sleep of the loop, waiting for a limit or a commit, and with nothing to do.
constexpr absl::Duration kWaitingRound = absl::Milliseconds(5);
constexpr absl::Duration kRestingRound = absl::Milliseconds(50);
constexpr absl::Duration kIdleCheck = absl::Milliseconds(250);
constexpr absl::Duration kEndQuery = absl::Seconds(1);
constexpr absl::Duration kIdleConfirmation = absl::Seconds(1);
constexpr absl::Duration kIdleConfirmationGap = absl::Seconds(3);
constexpr absl::Duration kQueryTimeout = absl::Milliseconds(500);
constexpr absl::Duration kCommittedTimeout = absl::Seconds(10);
constexpr absl::Duration kRestoreTimeout = absl::Seconds(20);
// Below the session timeout, so that a revocation is answered while the group still waits.
constexpr absl::Duration kRevokeDeadline = absl::Milliseconds(2500);
constexpr absl::Duration kLeaveTimeout = absl::Seconds(6);
constexpr absl::Duration kReadoptDelay = absl::Milliseconds(100);
constexpr absl::Duration kRetryAfterFailure = absl::Seconds(10);
constexpr absl::Duration kConnectTimeout = absl::Seconds(5);
// The least that brokers allow by default.
constexpr absl::Duration kUsualSessionTimeout = absl::Seconds(6);
constexpr absl::Duration kStatusInterval = absl::Milliseconds(100);
// Looking for what windows wait for goes through all open ones.
constexpr absl::Duration kWaitInterval = absl::Seconds(1);
constexpr size_t kCommitDurationsKept = 64;
// Of a merge partition and batch, by which latencies are measured.
constexpr size_t kMostRecordTimes = 500;
// Of a snapshot, with one commit: some milliseconds of work.
constexpr size_t kSnapshotBytesPerCommit = 1'000'000;

}  // namespace

Worker::Worker(Options options)
    : options_(std::move(options)),
      topics_(options_.plan->id, options_.plan->incarnation),
      plan_(options_.plan),
      parser_(*options_.plan) {
  counts_.slot = options_.slot;
  counts_.start_time = Now();
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
  counts_.state = state;
  counts_.error = error;
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
  absl::StatusOr<Combiner> combiner = Combiner::Create(plan_);
  if (!combiner.ok()) return combiner.status();
  combiner_ = std::make_unique<Combiner>(*std::move(combiner));

  BatchCommitter::Options committer;
  committer.cluster = options_.cluster;
  committer.clock = options_.clock;
  committer.client_id = ClientId();
  committer.transactional_id = TransactionalId(topics_, options_.replica, options_.slot);
  committer.plan = options_.plan;
  committer.on_result = [this] { wakeup_.Notify(); };
  committer_ = std::make_unique<BatchCommitter>(std::move(committer));
  absl::Status status = committer_->Connect(kConnectTimeout);
  if (!status.ok()) return status;
  committer_->SetEpoch(epoch_);
  return JoinGroup();
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
  consumer.queued_kilobytes_per_partition = std::max(1024, options_.queued_kilobytes / 4);
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
  UpdateIdleness();
  UpdateDrain();
  QueryHeldBackEnds();
  if (ShouldSeal()) busy = Seal() || busy;
  PublishStatus(false);
  if (busy) return absl::ZeroDuration();
  return AtRest() ? kRestingRound : kWaitingRound;
}

// Whether nothing but the arrival of records, which wakes us, can make work.
bool Worker::AtRest() const {
  return !committer_->busy() && !must_readopt_ && !HasSomethingToSeal() &&
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
  ++counts_.rebalances;
  assigned_ = partitions;
  must_readopt_ = true;
  Readopt();
}

void Worker::OnRevoked(bool lost) {
  if (counts_.revoked_at <= counts_.taken_up_at) counts_.revoked_at = Now();
  const absl::Time deadline = Now() + kRevokeDeadline;
  if (lost) {
    if (committer_->busy()) TakeCommitResult(deadline);
  } else if (!CommitRest(deadline)) {
    runtime::LogWarning("batch dropped at revocation", {{"slot", options_.slot}});
  }
  kept_.clear();
  for (auto& entry : merges_) {
    if (!entry.second.uncommitted) kept_.insert(std::move(entry));
  }
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
  combiner_->Reset();
  record_times_.Take();
  sources_.clear();
  merges_.clear();
  dead_letters_.clear();
  dead_letter_bytes_ = 0;
  await_partials_until_ = absl::InfinitePast();
  if (options_.limit != nullptr) options_.limit->SetOwned(options_.slot, 0, source_partitions_);
}

void Worker::Readopt() {
  const absl::Status status = Adopt();
  if (status.ok()) {
    must_readopt_ = false;
    counts_.taken_up_at = Now();
    // A source that is lost stays to be seen.
    if (counts_.state != WorkerState::kFailed) counts_.state = WorkerState::kRunning;
    SetState(counts_.state, counts_.state == WorkerState::kFailed ? counts_.error : "");
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
  if (options_.settings->plan_generation <= plan_->plan_generation || combiner_->HasChanges()) {
    return;
  }
  plan_ = options_.settings->plan();
  combiner_->UsePlan(plan_);
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
  absl::Status status = AdoptMerges(*committed, &starts);
  if (status.ok()) status = AdoptSources(*committed, &starts);
  if (status.ok()) status = consumer_->Assign(starts);
  if (!status.ok()) return status;
  combiner_->SetPartitions(source_partitions_);
  if (options_.limit != nullptr) {
    options_.limit->SetOwned(options_.slot, static_cast<int>(sources_.size()), source_partitions_);
  }
  kept_.clear();
  runtime::LogInfo("partitions taken up", {{"pipeline", options_.plan->id},
                                           {"slot", options_.slot},
                                           {"sources", static_cast<int64_t>(sources_.size())},
                                           {"merges", static_cast<int64_t>(merges_.size())}});
  return absl::OkStatus();
}

absl::Status Worker::AdoptMerges(const std::map<TopicPartition, CommittedOffset>& committed,
                                 std::map<TopicPartition, int64_t>* starts) {
  std::vector<RestoreRequest> requests;
  for (const auto& entry : committed) {
    if (entry.first.first != topics_.partials) continue;
    const int partition = entry.first.second;
    const absl::StatusOr<MergeStart> start = DecodeMergeCheckpoint(entry.second.metadata);
    if (!start.ok()) return start.status();
    if (!entry.second.offset.has_value()) {
      const auto range = consumer_->QueryOffsets(entry.first, kQueryTimeout);
      if (!range.ok()) return range.status();
      if (range->first > 0) {
        return absl::DataLossError(absl::StrCat(
            "group ", topics_.group, " has no offset for ", topics_.partials, "-", partition,
            ", whose log begins at ", range->first, ": the group's offsets were lost"));
      }
    }
    const int64_t offset = entry.second.offset.value_or(0);
    (*starts)[entry.first] = offset;
    const auto kept = kept_.find(partition);
    if (kept != kept_.end() && kept->second.next_offset == offset) {
      merges_[partition] = std::move(kept->second);
      kept_.erase(kept);
      merges_[partition].merger->DropChanges();
      // Another owner may have begun one since.
      merges_[partition].unfinished.reset();
      merges_[partition].snapshot = *start;
      merges_[partition].sealed_offset = offset;
      continue;
    }
    requests.push_back({partition, offset, *start});
  }
  if (requests.empty()) return absl::OkStatus();
  absl::StatusOr<std::vector<RestoredMerge>> restored =
      RestoreMerges(options_.cluster, *options_.clock, options_.plan, topics_.partials,
                    topics_.snapshots, requests, kRestoreTimeout);
  if (!restored.ok()) return restored.status();
  for (size_t i = 0; i < restored->size(); ++i) {
    RestoredMerge& from = (*restored)[i];
    Merge& merge = merges_[from.partition];
    merge.merger = std::move(from.merger);
    merge.bytes_since_snapshot = from.replayed_bytes;
    merge.next_offset = (*starts)[TopicPartition(topics_.partials, from.partition)];
    merge.sealed_offset = merge.next_offset;
    for (const RestoreRequest& request : requests) {
      if (request.partition == from.partition) merge.snapshot = request.start;
    }
  }
  return absl::OkStatus();
}

absl::Status Worker::AdoptSources(const std::map<TopicPartition, CommittedOffset>& committed,
                                  std::map<TopicPartition, int64_t>* starts) {
  for (const auto& entry : committed) {
    if (entry.first.first != options_.plan->source_topic) continue;
    const int partition = entry.first.second;
    SourcePosition position;
    position.partition = partition;
    std::string error;
    if (entry.second.offset.has_value()) {
      const absl::StatusOr<SourcePosition> decoded = DecodeSourceCheckpoint(entry.second.metadata);
      if (!decoded.ok()) return decoded.status();
      position = *decoded;
      // Whoever read the partition before knew newer ones; ours come with the control log.
      if (position.plan_generation > plan_->plan_generation) {
        return absl::UnavailableError(
            absl::StrCat("tables and settings of generation ", position.plan_generation,
                         " are not known here yet, those of ", plan_->plan_generation, " are"));
      }
      position.partition = partition;
      position.end_offset = *entry.second.offset;
    } else {
      const absl::StatusOr<bool> named = IsNamedInPartials(partition);
      if (!named.ok()) return named.status();
      const auto range = consumer_->QueryOffsets(entry.first, kQueryTimeout);
      if (!range.ok()) return range.status();
      position.end_offset = range->first;
      if (*named) {
        error = absl::StrCat("the committed offset of ", entry.first.first, "-", partition,
                             " in group ", topics_.group,
                             " was lost: reading on would count records twice");
      }
    }
    sources_[partition].committed = position;
    combiner_->AddSource(position);
    if (error.empty()) {
      (*starts)[entry.first] = position.end_offset;
    } else {
      combiner_->Silence(partition);
      FailSource(partition, error);
    }
  }
  return absl::OkStatus();
}

// Whether merge has ever heard of a source, or will when it has read on: then its offset cannot be
// missing by right.
absl::StatusOr<bool> Worker::IsNamedInPartials(int source_partition) {
  const auto names = [source_partition](const Merger& merger) {
    const auto& known = merger.closer().sources();
    return static_cast<size_t>(source_partition) < known.size() &&
           known[source_partition].has_value();
  };
  const TopicPartition first(topics_.partials, 0);
  const auto committed = consumer_->Committed({first}, kCommittedTimeout);
  if (!committed.ok()) return committed.status();
  const CommittedOffset& offset = committed->at(first);
  if (offset.offset.has_value()) {
    const absl::StatusOr<MergeStart> start = DecodeMergeCheckpoint(offset.metadata);
    if (!start.ok()) return start.status();
    const auto restored =
        RestoreMerges(options_.cluster, *options_.clock, options_.plan, topics_.partials,
                      topics_.snapshots, {{0, *offset.offset, *start}}, kRestoreTimeout);
    if (!restored.ok()) return restored.status();
    if (names(*restored->front().merger)) return true;
  }
  const auto named =
      SourcesNamedSince(options_.cluster, *options_.clock, *options_.plan, topics_.partials, 0,
                        offset.offset.value_or(0), kRestoreTimeout);
  if (!named.ok()) return named.status();
  return named->count(source_partition) > 0;
}

void Worker::FailSource(int partition, const std::string& error) {
  sources_[partition].error = error;
  counts_.state = WorkerState::kFailed;
  counts_.error = error;
  runtime::LogError(
      "source partition failed",
      {{"topic", options_.plan->source_topic}, {"partition", partition}, {"error", error}});
}

// ---- Reading

bool Worker::ReadPartials() {
  bool busy = false;
  for (auto& entry : merges_) {
    Merge& merge = entry.second;
    if (!HasRoom(entry.first, &merge)) continue;
    absl::Status failure;
    const absl::StatusOr<int> count = consumer_->Read(
        {topics_.partials, entry.first}, kFrameBatch, [&](const GroupConsumer::Event& event) {
          if (event.record == nullptr || event.offset < merge.next_offset || !failure.ok()) return;
          absl::StatusOr<Frame> frame = DecodeFrame(*options_.plan, event.record->value);
          if (!frame.ok()) {
            failure = frame.status();
            return;
          }
          merge.merger->Apply(*frame);
          if (merge.record_times_ms.size() < kMostRecordTimes) {
            merge.record_times_ms.insert(merge.record_times_ms.end(),
                                         frame->record_times_ms.begin(),
                                         frame->record_times_ms.end());
          }
          merge.next_offset = event.offset + 1;
          merge.bytes_since_snapshot += static_cast<int64_t>(event.record->value.size());
          await_partials_until_ = absl::InfinitePast();
        });
    if (!count.ok() || !failure.ok()) {
      // The log that the state is made of cannot be read: no number from here on could be right.
      const absl::Status& status = count.ok() ? failure : count.status();
      Fail(absl::StrCat(topics_.partials, "-", entry.first, ": ", status.message()));
      return false;
    }
    busy = busy || *count > 0;
  }
  return busy;
}

bool Worker::HasRoom(int partition, Merge* merge) {
  const int64_t share = options_.settings->state_limit_bytes / options_.plan->merge_partitions;
  const bool blocked = static_cast<int64_t>(merge->merger->bytes()) > share;
  if (blocked != merge->blocked) {
    merge->blocked = blocked;
    runtime::LogWarning(blocked ? "state limit reached" : "state limit raised",
                        {{"pipeline", options_.plan->id},
                         {"merge_partition", partition},
                         {"state_bytes", static_cast<int64_t>(merge->merger->bytes())},
                         {"share_bytes", share}});
  }
  return !blocked;
}

void Worker::Fail(const std::string& error) {
  runtime::LogError("worker failed",
                    {{"pipeline", options_.plan->id}, {"slot", options_.slot}, {"error", error}});
  DropEverything();
  must_readopt_ = !assigned_.empty();
  readopt_at_ = Now() + kRetryAfterFailure;
  SetState(WorkerState::kFailed, error);
}

bool Worker::PartialsAreBehind() const {
  return std::any_of(merges_.begin(), merges_.end(), [this](const auto& entry) {
    const int64_t end = consumer_->LogEnd({topics_.partials, entry.first});
    return end - entry.second.next_offset > kMaxUnreadFrames;
  });
}

bool Worker::ReadSources() {
  if (options_.settings->paused) {
    for (auto& source : sources_) {
      source.second.limited = false;
      source.second.waiting = false;
    }
    return false;
  }
  const EventTime limit = Align();
  if (combiner_->cell_count() > kMaxBatchCells || combiner_->batch_bytes() > kMaxBatchBytes ||
      dead_letters_.size() > kMaxBatchDeadLetters ||
      dead_letter_bytes_ > kMaxBatchDeadLetterBytes || PartialsAreBehind()) {
    return false;
  }
  // The source that is furthest behind in event time first, so that a replay keeps few windows
  // open.
  std::vector<std::pair<EventTime, int>> order;
  for (const auto& source : sources_) {
    if (source.second.error.empty()) {
      order.emplace_back(combiner_->position(source.first)->max_event_time, source.first);
    }
  }
  std::sort(order.begin(), order.end());
  bool waiting = false;
  EventTime slowest = kNever;
  for (const auto& entry : order) {
    Source& source = sources_[entry.second];
    // Not on while a slower one has records on their way.
    source.waiting = entry.first > limit ||
                     (waiting && (slowest == kNever || entry.first - slowest > kAlignment));
    if (source.waiting) continue;
    if (ReadSource(entry.second, &source) > 0) return true;
    if (source.end_of_log < 0 && !waiting) {
      waiting = true;
      slowest = entry.first;
    }
  }
  return false;
}

EventTime Worker::Align() {
  if (options_.alignment == nullptr) return SourceAlignment::kNoLimit;
  std::vector<SharedAlignment::Source> own;
  for (const auto& source : sources_) {
    const SourcePosition& position = *combiner_->position(source.first);
    own.push_back({source.first, position.max_event_time,
                   source.second.error.empty() && source.second.end_of_log < 0});
  }
  return options_.alignment->Exchange(own, Now());
}

int Worker::ReadSource(int partition, Source* source) {
  const int64_t now = absl::ToUnixMicros(Now());
  source->limiter.SetRate(static_cast<double>(options_.settings->records_per_second_per_partition));
  TopicLimit::Grant grant;
  grant.records = source->limiter.Available(now, kReadBatch);
  if (options_.limit != nullptr) grant = options_.limit->Acquire(now, grant.records);
  source->limited = grant.records == 0;
  if (source->limited) return 0;
  const SourceRead read = ReadUpTo(grant.records, partition, source);
  // Also when the log's end is reached again before anybody looks.
  if (read.records > 0) source->idle_since = absl::InfiniteFuture();
  source->limiter.Take(read.records);
  if (options_.limit != nullptr) options_.limit->Settle(grant, read.records, read.bytes);
  counts_.records_processed += read.records;
  return read.events;
}

Worker::SourceRead Worker::ReadUpTo(int64_t most, int partition, Source* source) {
  SourceRead read;
  const absl::StatusOr<int> count = consumer_->Read(
      {options_.plan->source_topic, partition}, static_cast<int>(most),
      [&](const GroupConsumer::Event& event) {
        if (event.record == nullptr) {
          source->end_of_log = event.offset;
          return;
        }
        source->end_of_log = -1;
        ++read.records;
        read.bytes += static_cast<int64_t>(event.record->key.size() + event.record->value.size());
        CountRecord(partition, *event.record);
      });
  if (count.ok()) {
    read.events = *count;
    return read;
  }
  const int64_t position = combiner_->position(partition)->end_offset;
  if (!absl::IsDataLoss(count.status())) {
    FailSource(partition, absl::StrCat(options_.plan->source_topic, "-", partition,
                                       " cannot be read from offset ", position, ": ",
                                       count.status().message()));
    return read;
  }
  const auto range =
      consumer_->QueryOffsets({options_.plan->source_topic, partition}, kQueryTimeout);
  FailSource(partition, absl::StrCat("DATA_LOSS: offsets ", position, " to ",
                                     range.ok() ? absl::StrCat(range->first) : "?", " of ",
                                     options_.plan->source_topic, "-", partition,
                                     " are no longer in the topic: ", count.status().message()));
  return read;
}

// A queue that is full is not fetched, and what arrives behind it is not heard of. The broker
// answers when it has answered the fetch before, which takes a moment that a limited source needs.
void Worker::QueryHeldBackEnds() {
  const absl::Time now = Now();
  if (now < next_end_query_) return;
  next_end_query_ = now + kEndQuery;
  const bool paused = options_.settings->paused;
  auto next = sources_.upper_bound(queried_source_);
  for (size_t i = 0; i < sources_.size(); ++i, ++next) {
    if (next == sources_.end()) next = sources_.begin();
    if (!paused && !next->second.limited && !next->second.waiting) continue;
    queried_source_ = next->first;
    const auto range =
        consumer_->QueryOffsets({options_.plan->source_topic, next->first}, kQueryTimeout);
    if (!range.ok()) return;
    next->second.queried_end = range->second;
    if (!paused) return;
  }
}

void Worker::CountRecord(int partition, const record_log::Record& record) {
  if (combiner_->IsRedelivered(partition, record.offset)) return;
  if (record.timestamp_ms >= 0) record_times_.Add(record.timestamp_ms);
  absl::optional<DeadLetterReason> reason = parser_.Parse(record.value, &fields_);
  if (reason.has_value()) {
    combiner_->AddUnreadable(partition, record.offset);
  } else {
    reason =
        combiner_->Add(partition, record.offset, RecordTimestamp(record.timestamp_ms), fields_);
  }
  if (!reason.has_value()) return;
  ++counts_.dead_letters[static_cast<size_t>(*reason)];
  dead_letters_.emplace_back(*reason, partition, record.offset, record.timestamp_ms, record.key,
                             record.value);
  dead_letter_bytes_ += dead_letters_.back().key.size() + dead_letters_.back().value.size();
}

// ---- Idleness and drain

absl::Duration Worker::IdleHorizon() const {
  const IdlePolicy& policy = plan_->idle_policy;
  EventSpan horizon = policy.idle_timeout;
  if (policy.all_idle == AllIdle::kCloseAfter) horizon = std::max(horizon, policy.close_after);
  if (policy.all_idle == AllIdle::kWallClock) {
    // A watermark may still be as far behind as an earlier delay has left it.
    const EventSpan delay =
        std::max<EventSpan>({options_.plan->watermark_delay, plan_->watermark_delay,
                             options_.settings->max_watermark_delay_us});
    for (const ViewPlan& view : plan_->views) {
      horizon = std::max(horizon, delay + view.longest_span());
    }
  }
  return absl::Microseconds(horizon) + absl::Seconds(2);
}

void Worker::UpdateIdleness() {
  const absl::Time now = Now();
  if (now < next_idle_check_) return;
  next_idle_check_ = now + kIdleCheck;
  for (auto& entry : sources_) {
    Source& source = entry.second;
    if (!source.error.empty()) continue;
    if (!ConfirmIdle(entry.first, &source)) {
      source.idle_since = absl::InfiniteFuture();
      combiner_->SetIdleFor(entry.first, 0);
      continue;
    }
    // Whole seconds, so that idleness is reported once a second; no more than can matter, so that
    // an idle pipeline comes to rest.
    const absl::Duration idle_for =
        std::clamp(source.idle_confirmed - source.idle_since, absl::ZeroDuration(), IdleHorizon());
    combiner_->SetIdleFor(entry.first, absl::ToInt64Seconds(idle_for) * kMicrosPerSecond);
  }
}

// Idle is: at the end of the log, with nothing undecided behind it, as the broker itself confirms
// from second to second. A broker that is away confirms nothing, so an outage does not count.
bool Worker::ConfirmIdle(int partition, Source* source) {
  if (options_.settings->paused) return false;
  const TopicPartition name(options_.plan->source_topic, partition);
  if (source->end_of_log < combiner_->position(partition)->end_offset ||
      consumer_->LogEnd(name) > source->end_of_log) {
    return false;
  }
  const absl::Time now = Now();
  if (source->idle_since != absl::InfiniteFuture() &&
      source->idle_confirmed - source->idle_since > IdleHorizon()) {
    return true;
  }
  if (now - source->idle_confirmed < kIdleConfirmation) {
    return source->idle_since != absl::InfiniteFuture();
  }
  const auto range = consumer_->QueryOffsets(name, kQueryTimeout);
  if (!range.ok() || range->second > source->end_of_log) return false;
  const absl::Time confirmed = Now();
  if (source->idle_since == absl::InfiniteFuture() ||
      confirmed - source->idle_confirmed > kIdleConfirmationGap) {
    source->idle_since = confirmed;
  }
  source->idle_confirmed = confirmed;
  return true;
}

void Worker::UpdateDrain() {
  // What is held is not at its end.
  if (options_.settings->paused) return;
  const int64_t generation = options_.settings->drain_generation;
  for (auto& entry : sources_) {
    Source& source = entry.second;
    const SourcePosition& position = *combiner_->position(entry.first);
    if (position.drain_generation >= generation || !source.error.empty()) continue;
    if (source.drain_generation != generation) {
      const auto range =
          consumer_->QueryOffsets({options_.plan->source_topic, entry.first}, kQueryTimeout);
      if (!range.ok()) continue;
      source.drain_generation = generation;
      source.drain_target = range->second;
    }
    if (std::max(position.end_offset, source.end_of_log) >= source.drain_target) {
      combiner_->SetDrained(entry.first, generation);
    }
  }
}

// ---- Committing

bool Worker::HasSomethingToSeal() const {
  return combiner_->HasChanges() ||
         std::any_of(merges_.begin(), merges_.end(),
                     [this](const auto& entry) { return HasSomethingToSeal(entry.second); });
}

bool Worker::HasSomethingToSeal(const Merge& merge) const {
  return merge.next_offset > merge.sealed_offset ||
         merge.merger->next_due_us() <= absl::ToUnixMicros(Now());
}

bool Worker::ShouldSeal() const {
  if (committer_->busy() || must_readopt_ || !HasSomethingToSeal()) return false;
  const absl::Time now = Now();
  if (now < await_partials_until_) return false;
  if (combiner_->cell_count() >= kFullBatchCells || combiner_->batch_bytes() >= kFullBatchBytes ||
      dead_letters_.size() >= kFullBatchDeadLetters ||
      dead_letter_bytes_ >= kFullBatchDeadLetterBytes) {
    return true;
  }
  const bool behind = std::any_of(sources_.begin(), sources_.end(), [this](const auto& entry) {
    const int64_t end = consumer_->LogEnd({options_.plan->source_topic, entry.first});
    return end - combiner_->position(entry.first)->end_offset > kBehindRecords;
  });
  const absl::Duration interval = absl::Milliseconds(options_.settings->commit_interval_ms.load());
  return now - last_seal_ >= (behind ? std::max(interval, kCommitIntervalBehind) : interval);
}

bool Worker::Seal() {
  SealedBatch batch;
  batch.epoch = epoch_;
  batch.group = consumer_->CaptureGroupMetadata();
  if (batch.group == nullptr) return false;
  Combiner::Batch counted = combiner_->Seal();
  for (const SourcePosition& position : counted.positions) {
    batch.offsets.push_back({options_.plan->source_topic, position.partition, position.end_offset,
                             EncodeSourceCheckpoint(position)});
  }
  batch.frames = std::move(counted.frames);
  const std::vector<int64_t> record_times_ms = record_times_.Take();
  for (Frame& frame : batch.frames) {
    if (!frame.views.empty()) frame.record_times_ms = record_times_ms;
  }
  batch.plan = plan_;
  SealMerges(&batch);
  batch.dead_letters = std::move(dead_letters_);
  dead_letters_.clear();
  dead_letter_bytes_ = 0;
  last_seal_ = Now();
  committer_->Submit(std::move(batch));
  FollowPlan();
  return true;
}

void Worker::SealMerges(SealedBatch* batch) {
  bool may_begin = true;
  for (auto& entry : merges_) {
    Merge& merge = entry.second;
    if (!HasSomethingToSeal(merge)) continue;
    merge.sealed_offset = merge.next_offset;
    merge.uncommitted = true;
    merge.sealed_record_times_ms = std::move(merge.record_times_ms);
    merge.record_times_ms.clear();
    MergeOutput output;
    output.partition = entry.first;
    output.changes = merge.merger->TakeChanges(absl::ToUnixMicros(Now()));
    // One at a time, since to begin means to look at all the state.
    const bool begun_before = merge.unfinished != nullptr;
    SealSnapshot(may_begin, &merge, &output);
    if (!begun_before && !output.snapshot.empty()) may_begin = false;
    batch->offsets.push_back(
        {topics_.partials, entry.first, merge.next_offset,
         EncodeMergeCheckpoint(merge.snapshot.snapshot_offset, merge.snapshot.snapshot_through)});
    batch->merges.push_back(std::move(output));
  }
}

void Worker::SealSnapshot(bool may_begin, Merge* merge, MergeOutput* output) {
  // So often that snapshots never outweigh the log that they replace.
  const auto due = static_cast<int64_t>(std::max(options_.snapshot_bytes, merge->snapshot_bytes));
  if (merge->unfinished == nullptr && may_begin && merge->bytes_since_snapshot > due) {
    merge->unfinished = std::make_unique<SnapshotEncoder>(options_.plan, merge->merger->Image(),
                                                          merge->next_offset);
    merge->unfinished_offset = -1;
    merge->unfinished_bytes = 0;
    merge->bytes_since_snapshot = 0;
  }
  if (merge->unfinished == nullptr) return;
  output->snapshot = merge->unfinished->Encode(kSnapshotBytesPerCommit);
  output->snapshot_through = merge->unfinished->through();
  output->snapshot_complete = merge->unfinished->done();
  if (output->snapshot_complete) merge->unfinished.reset();
}

void Worker::TakeCommitResult(absl::Time deadline) {
  const absl::optional<CommitResult> result = committer_->TakeResult(deadline);
  if (!result.has_value()) return;
  if (result->committed) {
    OnCommitted(*result);
    return;
  }
  ++counts_.aborts;
  runtime::LogWarning(
      "batch aborted",
      {{"pipeline", options_.plan->id}, {"slot", options_.slot}, {"error", result->error}});
  if (result->fenced_twice) {
    options_.on_fatal(absl::StrCat("another process uses the replica name \"", options_.replica,
                                   "\": give each replica a name of its own with --replica (",
                                   result->error, ")"));
    return;
  }
  DropEverything();
  must_readopt_ = !assigned_.empty();
  readopt_at_ = Now();
}

void Worker::OnCommitted(const CommitResult& result) {
  ++counts_.commits;
  counts_.rows_written += result.rows;
  counts_.transaction_durations.Add(result.duration);
  counts_.commit_durations.push_back(result.duration);
  if (counts_.commit_durations.size() > kCommitDurationsKept) {
    counts_.commit_durations.erase(counts_.commit_durations.begin());
  }
  for (auto& entry : sources_) entry.second.committed = combiner_->sealed_position(entry.first);
  const absl::Time now = Now();
  for (auto& entry : merges_) {
    Merge& merge = entry.second;
    merge.uncommitted = false;
    for (const int64_t time_ms : merge.sealed_record_times_ms) {
      latencies_.Add(now, now - absl::FromUnixMillis(time_ms));
    }
    merge.sealed_record_times_ms.clear();
  }
  if (result.had_frames && !merges_.empty()) await_partials_until_ = Now() + kAwaitPartials;
  for (const CommitResult::Snapshot& snapshot : result.snapshots) OnSnapshotCommitted(snapshot);
}

void Worker::OnSnapshotCommitted(const CommitResult::Snapshot& snapshot) {
  const auto found = merges_.find(snapshot.partition);
  if (found == merges_.end() || snapshot.offset < 0) return;
  Merge& merge = found->second;
  if (merge.unfinished_offset < 0) merge.unfinished_offset = snapshot.offset;
  merge.unfinished_bytes += snapshot.bytes;
  if (!snapshot.complete) return;
  // The next commit stores where this snapshot begins. Then, what lies before the one that the last
  // commits have named is of no use to any restore.
  if (merge.snapshot.snapshot_offset.has_value()) {
    options_.purge(topics_.partials, snapshot.partition, merge.snapshot.snapshot_through);
    options_.purge(topics_.snapshots, snapshot.partition, *merge.snapshot.snapshot_offset);
  }
  merge.snapshot.snapshot_offset = merge.unfinished_offset;
  merge.snapshot.snapshot_through = snapshot.through;
  merge.snapshot_bytes = merge.unfinished_bytes;
}

// ---- Status

void Worker::MeasureRates(absl::Time now) {
  counts_.cpu_load = cpu_load_.Update(now, runtime::ThreadCpuTime());
  const absl::Duration elapsed = now - measured_at_;
  if (elapsed < absl::Seconds(1)) return;
  if (measured_at_ != absl::InfinitePast()) {
    counts_.records_per_second =
        static_cast<double>(counts_.records_processed - measured_records_) /
        absl::ToDoubleSeconds(elapsed);
  }
  measured_at_ = now;
  measured_records_ = counts_.records_processed;
}

void Worker::PublishStatus(bool now) {
  const absl::Time time = Now();
  if (!now && time < next_status_) return;
  next_status_ = time + kStatusInterval;
  MeasureRates(time);
  WorkerStatus status = counts_;
  status.latencies = latencies_.Get(time);
  for (const auto& entry : sources_) {
    WorkerStatus::Source source;
    source.position = entry.second.committed;
    source.log_end = std::max(consumer_->LogEnd({options_.plan->source_topic, entry.first}),
                              entry.second.queried_end);
    source.limited = entry.second.limited;
    source.waiting = entry.second.waiting;
    source.error = entry.second.error;
    status.sources.push_back(std::move(source));
  }
  const bool look = time >= next_wait_;
  if (look) next_wait_ = time + kWaitInterval;
  for (auto& entry : merges_) {
    WorkerStatus::Merge merge;
    merge.partition = entry.first;
    merge.closed_through = entry.second.merger->closed_through();
    merge.drain_generation = entry.second.merger->drain_generation();
    merge.open_cells = static_cast<int64_t>(entry.second.merger->cell_count());
    merge.state_bytes = static_cast<int64_t>(entry.second.merger->bytes());
    merge.blocked = entry.second.blocked;
    merge.next_offset = entry.second.next_offset;
    merge.log_end = consumer_->LogEnd({topics_.partials, entry.first});
    if (look || entry.second.wait == nullptr) {
      entry.second.wait = std::make_shared<MergeWait>(WaitOf(*plan_, *entry.second.merger));
    }
    merge.wait = entry.second.wait;
    status.merges.push_back(merge);
    if (!merge.blocked || status.state != WorkerState::kRunning) continue;
    status.state = WorkerState::kBlocked;
    status.error = absl::StrCat(
        "merge partition ", entry.first, " holds ", merge.state_bytes,
        " bytes of state, more than ", "its share of state_limit_bytes: raise that to at least ",
        (merge.state_bytes + merge.state_bytes / 4) * options_.plan->merge_partitions);
  }
  absl::MutexLock lock(&mutex_);
  status_ = std::move(status);
}

}  // namespace windrow::aggregator
