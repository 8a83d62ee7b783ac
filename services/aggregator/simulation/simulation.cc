#include "services/aggregator/simulation/simulation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/aggregator/source/pipeline_loader.h"

namespace windrow::aggregator {
namespace {

using memory_log::Call;
using memory_log::Fate;

// Thrown through the code of a process that dies.
struct Death {};

constexpr int kDepth = 4;
constexpr int64_t kMuchState = 1'000'000'000;
constexpr int64_t kLongestDelay = 40'000'000;
constexpr int64_t kMostSteps = 60'000;
// Steps of rough weather, at most.
constexpr int64_t kRoughSteps = 2'500;
constexpr absl::Duration kMostTime = absl::Minutes(30);

const char* NameOf(Call call) {
  switch (call) {
    case Call::kJoin:
      return "join";
    case Call::kPoll:
      return "poll";
    case Call::kRead:
      return "read";
    case Call::kAssign:
      return "assign";
    case Call::kCommitted:
      return "committed";
    case Call::kQueryOffsets:
      return "query offsets";
    case Call::kClose:
      return "close";
    case Call::kOpenReader:
      return "open reader";
    case Call::kReadLog:
      return "read log";
    case Call::kTakeId:
      return "take id";
    case Call::kBegin:
      return "begin";
    case Call::kSendOffsets:
      return "send offsets";
    case Call::kProduce:
      return "produce";
    case Call::kFlush:
      return "flush";
    case Call::kCommit:
      return "commit";
    case Call::kAbort:
      return "abort";
  }
  return "?";
}

// Sets a flag for a while.
class While {
 public:
  explicit While(bool* flag) : flag_(flag) { *flag_ = true; }
  ~While() { *flag_ = false; }
  While(const While&) = delete;
  While& operator=(const While&) = delete;

 private:
  bool* const flag_;
};

}  // namespace

Simulation::Simulation(const Scenario& scenario, const Options& options)
    : scenario_(scenario),
      options_(options),
      random_(options.seed),
      recount_(RecountScenario(scenario)),
      weather_(options.weather),
      clock_(absl::FromUnixSeconds(1'700'000'000)),
      cluster_(&clock_, this),
      plan_(*MakePlan(scenario.pipeline)),
      topics_(plan_->id),
      written_(scenario.logs.size()),
      watcher_(&scenario_, &recount_, &written_, &cluster_) {
  clock_.SetOnWait([this](absl::Time deadline) { Wait(deadline); });
  cluster_.CreateTopic(plan_->source_topic, scenario.first_partitions);
  for (const std::string& topic : {topics_.partials, topics_.snapshots, topics_.results}) {
    cluster_.CreateTopic(topic, plan_->merge_partitions);
  }
  cluster_.CreateTopic(topics_.dead_letter, 1);
  if (random_.OneIn(10)) cluster_.SetMinSessionTimeout(absl::Seconds(6));
  // Small, so that snapshots and purges are frequent.
  snapshot_bytes_ = static_cast<size_t>(random_.Between(1, 6000));
  MakeProcesses();
}

Simulation::~Simulation() = default;

void Simulation::MakeProcesses() {
  for (int replica = 0; replica < std::max(1, weather_.replicas); ++replica) {
    settings_.push_back(std::make_unique<LiveSettings>());
    limits_.push_back(std::make_unique<ReplicaLimit>());
    alignments_.push_back(std::make_unique<SharedAlignment>());
    settings_.back()->commit_interval_ms = options_.commit_interval_ms;
    for (int slot = 0; slot < weather_.most_workers; ++slot) {
      auto process = std::make_unique<Process>();
      process->replica = replica;
      process->slot = slot;
      process->client_id = absl::StrFormat("r%d-%03d", replica, slot);
      process->transactional_id =
          Worker::TransactionalId(topics_, absl::StrCat("r", replica), slot);
      process->wanted = replica == 0 && slot < options_.workers;
      processes_.push_back(std::move(process));
    }
  }
}

void Simulation::MakeWorker(Process* process) {
  Worker::Options options;
  options.cluster = &cluster_;
  options.clock = &clock_;
  const auto newest = settings_[static_cast<size_t>(process->replica)]->plan();
  options.plan = newest == nullptr ? plan_ : newest;
  options.replica = absl::StrCat("r", process->replica);
  options.slot = process->slot;
  options.settings = settings_[static_cast<size_t>(process->replica)].get();
  options.limit = limits_[static_cast<size_t>(process->replica)].get();
  options.alignment = alignments_[static_cast<size_t>(process->replica)].get();
  options.snapshot_bytes = snapshot_bytes_;
  options.purge = [this](const std::string& topic, int partition, int64_t offset) {
    purges_.push_back({{topic, partition}, offset});
  };
  options.on_fatal = [this, process](const std::string& reason) {
    Note(absl::StrCat(NameOf(*process), " ends its process: ", reason));
    ++counts_.fatal_ends;
    // All workers of a process end with it.
    for (const auto& other : processes_) {
      if (other->replica == process->replica && other->worker != nullptr) Kill(other.get());
    }
    throw Death();
  };
  process->connected = false;
  process->doomed = false;
  process->worker = std::make_unique<Worker>(std::move(options));
}

// ---- Death

void Simulation::Kill(Process* process) {
  if (process->worker == nullptr || process->doomed) return;
  Note(absl::StrCat(NameOf(*process), " dies"));
  ++counts_.crashes;
  process->doomed = true;
  Bury(process);
}

void Simulation::Bury(Process* process) {
  if (!process->doomed || process->working || process->committing) return;
  process->worker.reset();
  process->doomed = false;
  process->connected = false;
}

void Simulation::ThrowIfDoomed() {
  if (!stack_.empty() && stack_.back()->doomed) throw Death();
}

void Simulation::MaybeCrash() {
  if (stack_.empty() || !random_.Happens(weather_.crash)) return;
  Kill(stack_.back());
  throw Death();
}

// ---- What goes wrong with a call

void Simulation::OnCall(const std::string& client_id, Call call) {
  if (stack_.empty()) return;
  if (call > Call::kRead && call != Call::kProduce)
    Note(absl::StrCat("  ", client_id, " ", windrow::aggregator::NameOf(call)));
  MaybeCrash();
  if (random_.Happens(weather_.interleave)) Interrupt();
  ThrowIfDoomed();
}

void Simulation::OnReturn(const std::string&, Call call) {
  if (stack_.empty()) return;
  if (call == Call::kFlush) ++counts_.ahead;
  MaybeCrash();
  if (random_.Happens(weather_.interleave)) Interrupt();
  ThrowIfDoomed();
}

Fate Simulation::FateOf(const std::string& client_id, Call call) {
  if (stack_.empty()) return Fate::kDone;
  Fate fate = Fate::kDone;
  // A transaction has many records.
  const int seldom = call == Call::kProduce ? 20 : 1;
  if (random_.Happens(weather_.lost / seldom)) {
    fate = Fate::kLost;
  } else if (random_.Happens(weather_.unanswered / seldom)) {
    fate = Fate::kUnanswered;
  } else if (random_.Happens(weather_.refused / seldom)) {
    fate = Fate::kRefused;
  } else if (call == Call::kCommit && random_.Happens(weather_.repeated)) {
    fate = Fate::kRepeated;
  }
  if (fate != Fate::kDone) {
    static constexpr const char* kNames[] = {"", "lost", "unanswered", "refused", "repeated"};
    Note(absl::StrCat("  ", client_id, " ", windrow::aggregator::NameOf(call), ": ",
                      kNames[static_cast<int>(fate)]));
  }
  return fate;
}

absl::Duration Simulation::MarkerDelay() {
  if (!random_.Happens(weather_.late_marks)) return absl::ZeroDuration();
  return absl::Milliseconds(random_.Below(weather_.mark_ms + 1));
}

absl::Duration Simulation::RepeatDelay() { return absl::Milliseconds(random_.Below(100)); }

int Simulation::Fetched(int wanted) {
  if (options_.most_fetched > 0) wanted = std::min(wanted, options_.most_fetched);
  if (!random_.Happens(weather_.slow)) return wanted;
  return static_cast<int>(random_.Below(std::min(wanted, 20) + 1));
}

int Simulation::Redelivered() {
  return random_.Happens(weather_.redelivered) ? static_cast<int>(random_.Below(20)) : 0;
}

// Others act in the middle of a call.
void Simulation::Interrupt() {
  if (depth_ >= kDepth) return;
  for (int64_t i = random_.Between(1, 4); i > 0; --i) Step();
}

void Simulation::Wait(absl::Time deadline) {
  if (depth_ < kDepth && random_.OneIn(2)) Step();
  const absl::Duration moment =
      random_.OneIn(4) ? absl::Milliseconds(random_.Below(200)) : absl::Milliseconds(5);
  clock_.AdvanceTo(std::min(deadline, clock_.Now() + moment + absl::Milliseconds(1)));
  ThrowIfDoomed();
}

// ---- Steps

void Simulation::Step() {
  ++counts_.steps;
  ++depth_;
  const auto back = [this](int*) { --depth_; };
  const std::unique_ptr<int, decltype(back)> leave(&depth_, back);
  clock_.Advance(absl::Microseconds(random_.Below(4000)));
  switch (random_.Below(8)) {
    case 0:
    case 1:
    case 2:
    case 3:
      Work(PickProcess());
      break;
    case 4:
    case 5:
      Commit(PickProcess());
      break;
    default:
      StepWorld();
  }
}

// One that there is, or should be, if chance finds one soon.
Simulation::Process* Simulation::PickProcess() {
  Process* process = nullptr;
  for (int i = 0; i < 8; ++i) {
    process = random_.Pick(processes_).get();
    if (process->wanted || process->worker != nullptr) break;
  }
  return process;
}

// What happens outside of the workers.
void Simulation::StepWorld() {
  Process* process = PickProcess();
  switch (random_.Below(14)) {
    case 0:
    case 1:
    case 2:
      clock_.Advance(absl::Milliseconds(random_.Below(20)));
      break;
    case 3:
      if (random_.OneIn(4)) clock_.Advance(absl::Milliseconds(random_.Below(3000)));
      break;
    case 4:
      WriteRecords();
      break;
    case 5:
      if (random_.Happens(weather_.transactions)) WriteUndecided();
      break;
    case 6:
      RunPurge();
      break;
    case 7:
      if (random_.Happens(weather_.kill * 10)) Kill(process);
      break;
    case 8:
      if (random_.Happens(weather_.resize * 10)) Resize();
      break;
    case 9:
      if (random_.Happens(weather_.cut_off * 10)) {
        Note(absl::StrCat(NameOf(*process), " is cut off"));
        cluster_.CutOff(process->client_id);
      } else if (random_.OneIn(4)) {
        cluster_.Reconnect(process->client_id);
      }
      break;
    case 10:
      if (cluster_.away() ? random_.OneIn(2) : random_.Happens(weather_.away * 10)) {
        Note(cluster_.away() ? "the cluster is back" : "the cluster is away");
        cluster_.SetAway(!cluster_.away());
      }
      break;
    case 11:
      if (random_.Happens(weather_.steal * 10)) {
        Note(absl::StrCat("the id of ", NameOf(*process), " is stolen"));
        cluster_.StealTransactionalId(process->transactional_id);
      }
      break;
    case 12:
      if (random_.Happens(weather_.settings * 10)) ChangeSettings();
      if (alignments_.size() > 1) TellPositions();
      if (random_.Happens(weather_.tables * 10)) ChangeTables();
      break;
    default:
      if (random_.Happens(weather_.drain * 10)) {
        Note("drain");
        ++drain_generation_;
        for (const auto& settings : settings_) settings->drain_generation = drain_generation_;
      }
      if (random_.Happens(weather_.grow * 10) &&
          cluster_.PartitionCount(plan_->source_topic) < static_cast<int>(scenario_.logs.size())) {
        Note("the source gets a partition");
        cluster_.CreateTopic(plan_->source_topic, cluster_.PartitionCount(plan_->source_topic) + 1);
      }
  }
}

// A round of the worker's own thread.
void Simulation::Work(Process* process) {
  if (process->working || process->doomed) return;
  if (process->worker == nullptr) {
    if (!process->wanted) return;
    Note(absl::StrCat(NameOf(*process), " starts"));
    MakeWorker(process);
  }
  if (!process->wanted && !process->committing && random_.OneIn(3)) {
    Stop(process);
    return;
  }
  stack_.push_back(process);
  try {
    const While working(&process->working);
    if (!process->connected) {
      process->connected = process->worker->Connect().ok();
    } else {
      process->sleeps_until = clock_.Now() + process->worker->Round();
      if (settings_[static_cast<size_t>(process->replica)]->state_limit_bytes < kMuchState &&
          process->worker->status().state == WorkerState::kBlocked) {
        ++counts_.blocked;
      }
    }
  } catch (const Death&) {
    process->doomed = true;
  }
  stack_.pop_back();
  Bury(process);
}

// The worker's committing thread, once.
void Simulation::Commit(Process* process) {
  if (process->committing || !process->connected || process->doomed) return;
  stack_.push_back(process);
  try {
    const While committing(&process->committing);
    if (process->worker->CommitSubmitted()) ++counts_.commits;
  } catch (const Death&) {
    process->doomed = true;
  }
  stack_.pop_back();
  Bury(process);
}

// In order: commits and leaves.
void Simulation::Stop(Process* process) {
  Note(absl::StrCat(NameOf(*process), " leaves"));
  stack_.push_back(process);
  try {
    const While working(&process->working);
    const While committing(&process->committing);
    if (process->connected) process->worker->Leave();
  } catch (const Death&) {
  }
  stack_.pop_back();
  process->doomed = true;
  Bury(process);
}

void Simulation::RunPurge() {
  if (purges_.empty()) return;
  const PurgeRequest request = purges_.front();
  purges_.pop_front();
  // A process that dies takes its requests with it.
  if (random_.OneIn(8)) return;
  Note(absl::StrCat("purge ", request.partition.first, "-", request.partition.second, " to ",
                    request.offset));
  ++counts_.purges;
  cluster_.DeleteRecordsBefore(request.partition, request.offset);
}

void Simulation::Resize() {
  Process* process = random_.Pick(processes_).get();
  process->wanted = !process->wanted;
  Note(absl::StrCat(NameOf(*process), process->wanted ? " is wanted" : " is not wanted"));
  const bool any = std::any_of(processes_.begin(), processes_.end(),
                               [](const auto& other) { return other->wanted; });
  if (!any) process->wanted = true;
}

void Simulation::ChangeSettings() {
  const auto replica = static_cast<size_t>(random_.Below(static_cast<int64_t>(settings_.size())));
  LiveSettings& settings = *settings_[replica];
  settings.paused = random_.OneIn(6);
  limits_[replica]->SetRates(
      random_.OneIn(2) ? 0 : random_.Pick(std::vector<int64_t>{1, 10, 100, 1000}),
      random_.OneIn(2) ? 0 : random_.Pick(std::vector<int64_t>{1000, 10'000, 100'000}));
  settings.commit_interval_ms = random_.OneIn(2) ? 0 : random_.Below(300);
  // A limit that lets nearly nothing through, too.
  settings.records_per_second_per_partition =
      random_.OneIn(2) ? 0 : random_.Pick(std::vector<int64_t>{1, 2, 20, 200, 2000});
  // State beyond the limit waits until that is raised.
  settings.state_limit_bytes =
      random_.OneIn(2) ? kMuchState
                       : random_.Pick(std::vector<int64_t>{0, 500, 2000, 10'000, 50'000});
}

void Simulation::TellPositions() {
  const Process& process = *random_.Pick(processes_);
  if (process.worker == nullptr) return;
  std::map<int, SharedAlignment::Source> sources;
  const WorkerStatus status = process.worker->status();
  for (const WorkerStatus::Source& source : status.sources) {
    const bool has_more = status.state == WorkerState::kRunning && source.error.empty() &&
                          source.log_end > source.position.end_offset;
    sources[source.position.partition] = {source.position.partition, source.position.max_event_time,
                                          has_more, source.position.end_offset};
  }
  for (size_t replica = 0; replica < alignments_.size(); ++replica) {
    if (static_cast<int>(replica) != process.replica) {
      alignments_[replica]->Hear(sources, clock_.Now());
    }
  }
}

// There are new tables, which one replica knows, or another one hears of them.
void Simulation::ChangeTables() {
  LiveSettings* settings = random_.Pick(settings_).get();
  if (newest_tables_ + 1 < TableCount(scenario_) && random_.OneIn(2)) {
    ++newest_tables_;
    ++counts_.table_changes;
    watcher_.AllowTables(newest_tables_);
  }
  UseTables(newest_tables_, settings);
}

void Simulation::UseTables(int64_t generation, LiveSettings* settings) {
  if (settings->plan_generation >= generation) return;
  Note(absl::StrCat("tables and settings ", generation));
  windrow::pipeline::v1::Pipeline pipeline = scenario_.pipeline;
  *pipeline.mutable_tables(0) = TableOf(scenario_, generation);
  *pipeline.mutable_settings() = scenario_.later_settings[static_cast<size_t>(generation - 1)];
  settings->max_watermark_delay_us = kLongestDelay;
  settings->SetPlan(*MakePlan(pipeline, generation));
}

// ---- The source

bool Simulation::HasUnwritten() const {
  for (size_t partition = 0; partition < written_.size(); ++partition) {
    if (written_[partition].offsets.size() < scenario_.logs[partition].size()) return true;
  }
  return false;
}

void Simulation::WriteRecords() {
  const auto partition =
      static_cast<int>(random_.Below(cluster_.PartitionCount(plan_->source_topic)));
  const std::vector<SourceRecord>& log = scenario_.logs[static_cast<size_t>(partition)];
  WrittenSource& written = written_[static_cast<size_t>(partition)];
  for (int64_t i = random_.Between(1, 15); i > 0 && written.offsets.size() < log.size(); --i) {
    const SourceRecord& record = log[written.offsets.size()];
    memory_log::StoredRecord stored;
    stored.timestamp_ms = record.timestamp_ms;
    stored.has_value = record.value.has_value();
    stored.value = record.value.value_or("");
    written.offsets.push_back(cluster_.Append({plan_->source_topic, partition}, std::move(stored)));
    written.times.push_back(clock_.Now());
  }
}

// A transaction of the source that never counts, and holds back what is behind it for a while.
void Simulation::WriteUndecided() {
  // It is nobody's who could be disturbed.
  std::vector<Process*> stack;
  stack.swap(stack_);
  if (writer_ == nullptr) {
    auto writer =
        cluster_.TakeTransactionalId("writer", "writer", absl::Seconds(30), absl::ZeroDuration());
    if (writer.ok() && (*writer)->Begin().ok()) {
      Note("a transaction holds back the source");
      watcher_.AllowHeldBackRecords();
      const auto partition =
          static_cast<int>(random_.Below(cluster_.PartitionCount(plan_->source_topic)));
      const std::vector<SourceRecord>& log = scenario_.logs[static_cast<size_t>(partition)];
      const std::string value = log.empty() ? "{}" : log.front().value.value_or("{}");
      (*writer)->Produce(plan_->source_topic, partition, "", value, clock_.Now(), nullptr);
      writer_ = *std::move(writer);
    }
  } else {
    writer_->Abort(clock_.Now());
    writer_.reset();
  }
  stack_.swap(stack);
}

// ---- The end

void Simulation::CalmDown() {
  depth_ = kDepth;
  weather_ = Weather::Fair();
  if (cluster_.away()) cluster_.SetAway(false);
  if (writer_ != nullptr) WriteUndecided();
  // Nothing but its end: time may have ended it already.
  cluster_.StealTransactionalId("writer");
  for (const auto& process : processes_) cluster_.Reconnect(process->client_id);
  for (const auto& settings : settings_) {
    settings->records_per_second_per_partition = 0;
    settings->paused = false;
    settings->commit_interval_ms = options_.commit_interval_ms;
    settings->state_limit_bytes = kMuchState;
    UseTables(newest_tables_, settings.get());
  }
  for (const auto& limit : limits_) limit->SetRates(0, 0);
  cluster_.CreateTopic(plan_->source_topic, static_cast<int>(scenario_.logs.size()));
  while (HasUnwritten()) WriteRecords();
  // A drain is of what is decided.
  for (int i = 0; i < cluster_.PartitionCount(plan_->source_topic); ++i) {
    WaitUntilDecided({plan_->source_topic, i});
  }
}

void Simulation::WaitUntilDecided(const record_log::TopicPartition& partition) {
  const memory_log::PartitionLog& log = cluster_.Log(partition);
  cluster_.WaitUntil(absl::InfiniteFuture(), [&] { return log.last_stable_offset() == log.end(); });
}

absl::Status Simulation::Finish() {
  ++drain_generation_;
  for (const auto& settings : settings_) settings->drain_generation = drain_generation_;
  const absl::Time deadline = clock_.Now() + kMostTime;
  while (!watcher_.HasDrained(drain_generation_)) {
    if (++counts_.steps > kMostSteps || clock_.Now() > deadline) {
      return absl::InternalError("it does not come to an end");
    }
    absl::Time wake = clock_.Now() + absl::Milliseconds(50);
    for (const auto& process : processes_) {
      Work(process.get());
      Commit(process.get());
      if (process->connected) wake = std::min(wake, process->sleeps_until);
    }
    RunPurge();
    clock_.AdvanceTo(std::max(wake, clock_.Now() + absl::Milliseconds(1)));
    const absl::Status status = Check();
    if (!status.ok()) return status;
  }
  // Other partitions may have learnt of the last transactions sooner.
  WaitUntilDecided({topics_.dead_letter, 0});
  for (int i = 0; i < plan_->merge_partitions; ++i) WaitUntilDecided({topics_.partials, i});
  const absl::Status status = Check();
  return status.ok() ? watcher_.CheckEnd() : status;
}

absl::Status Simulation::Check() { return watcher_.Look(); }

absl::Status Simulation::Run() {
  while (counts_.steps < kRoughSteps && (HasUnwritten() || random_.Below(100) > 0)) {
    Step();
    const absl::Status status = Check();
    if (!status.ok()) return status;
  }
  Note("calm");
  CalmDown();
  return Finish();
}

// ---- The trace

void Simulation::Note(const std::string& text) {
  if (!options_.trace) return;
  trace_.push_back(absl::StrFormat(
      "%9.3f %s%s", absl::ToDoubleSeconds(clock_.Now() - absl::FromUnixSeconds(1'700'000'000)),
      std::string(static_cast<size_t>(2 * std::max(0, depth_ - 1)), ' '), text));
}

std::string Simulation::NameOf(const Process& process) const { return process.client_id; }

std::string Simulation::trace() const { return absl::StrJoin(trace_, "\n"); }

}  // namespace windrow::aggregator
