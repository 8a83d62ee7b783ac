#include "services/aggregator/aggregator_app.h"

#include <google/protobuf/util/message_differencer.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/aggregator/aggregator_metrics.h"
#include "services/aggregator/pipeline_status.h"
#include "services/aggregator/proto_time.h"
#include "services/aggregator/source/json_record_parser.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/aggregator/source/table_reader.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/process_usage.h"
#include "services/platform/runtime/termination.h"
#include "services/platform/runtime/version.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

constexpr absl::Duration kOpenTimeout = absl::Seconds(30);
// Short, so that a signal is heard soon.
constexpr absl::Duration kKafkaAnswerTimeout = absl::Seconds(1);
constexpr absl::Duration kKafkaRetryInterval = absl::Milliseconds(200);
constexpr absl::Duration kDrainGrace = absl::Seconds(2);
// A stop is promised within 10 s.
constexpr absl::Duration kStopDeadline = absl::Seconds(8);
constexpr int kExitFatal = 70;
constexpr int kMaxAttempts = 10;

// Whether two declarations mean the same, but for what may change while it runs: settings, and the
// rows of tables.
bool SameDeclaration(pb::Pipeline a, pb::Pipeline b) {
  for (pb::Pipeline* const pipeline : {&a, &b}) {
    pipeline->clear_settings();
    for (pb::StaticTable& table : *pipeline->mutable_tables()) {
      table.clear_rows();
      table.clear_version();
    }
  }
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

// Version of the rows that last came from a table's file.
std::string LastVersionOfFile(const ControlledPipeline& controlled, const std::string& table_name) {
  const auto version = controlled.file_versions.find(table_name);
  return version == controlled.file_versions.end() ? "" : version->second;
}

// What cannot be gone on from: memory is worth nothing, and a restart goes on from the last commit.
void EndProcess(const std::string& reason) {
  runtime::LogError("aggregator ends", {{"reason", reason}});
  _exit(kExitFatal);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AggregatorApp>> AggregatorApp::Create(Options options) {
  auto app = std::unique_ptr<AggregatorApp>(new AggregatorApp(std::move(options)));
  absl::Status status = app->Start();
  if (!status.ok()) return status;
  return app;
}

absl::Status AggregatorApp::Start() {
  std::random_device random;
  run_id_ = absl::StrFormat("%08x%08x", random(), random());
  const absl::Status processor = JsonRecordParser::CheckProcessor();
  if (!processor.ok()) return processor;
  // What can be wrong in the options comes first: it needs no Kafka.
  auto metrics = metrics::MetricsServer::Start(options_.metrics_address, "aggregator");
  if (!metrics.ok()) return metrics.status();
  metrics_ = *std::move(metrics);
  const absl::StatusOr<std::vector<Declared>> declared = LoadFiles(options_.pipeline_files);
  if (!declared.ok()) return declared.status();
  const absl::Status reached = AwaitKafka();
  if (!reached.ok()) return reached;
  absl::StatusOr<std::unique_ptr<ControlLog>> log = ControlLog::Open(
      options_.kafka, [this] { FollowControlLog(); }, kOpenTimeout);
  if (!log.ok()) return log.status();
  {
    // The log's thread may be in FollowControlLog already.
    absl::MutexLock lock(&mutex_);
    board_ = std::make_unique<StatusBoard>(
        StatusBoard::Options{options_.kafka, options_.replica, [this] { return OwnStatus(); }});
    log_ = *std::move(log);
  }
  service_ = std::make_unique<PipelineServiceImpl>(
      log_.get(), options_.replica, [this](const std::string& name) { return Progress(name); },
      board_.get());
  auto server = rpc::RpcServer::Start(options_.listen, {service_.get()}, options_.rpc,
                                      metrics_->call_observer());
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  for (const Declared& one : *declared) {
    const absl::StatusOr<bool> ensured = EnsurePipeline(one);
    if (!ensured.ok()) return ensured.status();
    if (*ensured) WatchTables(one);
  }
  FollowControlLog();
  IncarnationWatch::Options watch;
  watch.kafka = options_.kafka;
  watch.replica = options_.replica;
  watch.log = log_.get();
  watch.alive = [this] { return Alive(); };
  watch.on_round = [this] { ForgetStopped(); };
  incarnation_watch_ = std::make_unique<IncarnationWatch>(std::move(watch));
  metrics_->SetSource([this](metrics::MetricFamilies* out) { WriteMetrics(out); });
  server_->SetServing(true);
  runtime::LogInfo(
      "aggregator serves",
      {{"replica", options_.replica}, {"listen", options_.listen}, {"port", server_->port()}});
  return absl::OkStatus();
}

absl::Status AggregatorApp::AwaitKafka() const {
  absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin =
      kafka::TopicAdmin::Create(options_.kafka);
  if (!admin.ok()) return admin.status();
  // Without Kafka there is nothing to serve but health: alive, not ready.
  std::unique_ptr<rpc::RpcServer> waiting;
  while (true) {
    const absl::Status answer =
        (*admin)->DescribeTopic(ControlLog::kTopic, kKafkaAnswerTimeout).status();
    if (!absl::IsUnavailable(answer) && !absl::IsDeadlineExceeded(answer)) return absl::OkStatus();
    if (waiting == nullptr) {
      runtime::LogWarning("waiting for Kafka", {{"kafka", options_.kafka.bootstrap_servers},
                                                {"error", std::string(answer.message())}});
      auto server = rpc::RpcServer::Start(options_.listen, {}, options_.rpc);
      if (!server.ok()) return server.status();
      waiting = *std::move(server);
    }
    if (runtime::WaitForTermination(kKafkaRetryInterval)) {
      return absl::CancelledError("ended while waiting for Kafka");
    }
  }
}

absl::StatusOr<std::vector<AggregatorApp::Declared>> AggregatorApp::LoadFiles(
    const std::vector<std::string>& files) {
  std::vector<Declared> declared;
  for (const std::string& file : files) {
    absl::StatusOr<pb::Pipeline> loaded = LoadPipelineFile(file);
    if (!loaded.ok()) return absl::InvalidArgumentError(loaded.status().message());
    const absl::Status valid = MakePlan(*loaded).status();
    if (!valid.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(file, ": ", valid.message()));
    }
    for (const Declared& other : declared) {
      if (other.pipeline.name() != loaded->name()) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(other.file, " and ", file, " both declare ", loaded->name()));
    }
    declared.push_back({file, *std::move(loaded)});
  }
  return declared;
}

absl::StatusOr<bool> AggregatorApp::EnsurePipeline(const Declared& declared) {
  const pb::Pipeline& pipeline = declared.pipeline;
  absl::optional<ControlledPipeline> found = log_->Find(pipeline.name());
  if (!found.has_value()) {
    windrow::control::v1::Proposal proposal;
    // The same id from every replica: whoever comes first creates it.
    proposal.set_request_id(absl::StrCat("create:", pipeline.name()));
    proposal.set_pipeline(pipeline.name());
    proposal.set_proposer(options_.replica);
    *proposal.mutable_create() = pipeline;
    const absl::StatusOr<ControlVerdict> verdict = log_->Propose(proposal, kOpenTimeout);
    if (!verdict.ok()) return verdict.status();
    found = log_->Find(pipeline.name());
  }
  if (!found.has_value()) {
    // Or a crash after the deletion would bring it back.
    runtime::LogWarning("pipeline was deleted",
                        {{"pipeline", pipeline.name()},
                         {"file", declared.file},
                         {"hint", "`windrow pipelines create` creates it again"}});
    return false;
  }
  if (!SameDeclaration(PipelineOf(found->newest()), pipeline)) {
    if (found->newest().number > 1) {
      runtime::LogWarning("pipeline was changed by a call",
                          {{"pipeline", pipeline.name()},
                           {"file", declared.file},
                           {"hint", "`windrow pipelines apply` makes it what the file declares"}});
      return false;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        declared.file, " declares ", pipeline.name(),
        " differently from the pipeline of that name that exists: `windrow pipelines apply` "
        "changes that one; or give it another name, or start without --pipeline_file"));
  }
  // A file may have changed while no aggregator looked.
  for (const pb::StaticTable& table : pipeline.tables()) {
    if (table.path().empty()) continue;
    const absl::Status updated = UpdateFromFile(pipeline.name(), table);
    if (!updated.ok()) return updated;
  }
  return true;
}

absl::Status AggregatorApp::UpdateFromFile(const std::string& pipeline_name,
                                           const pb::StaticTable& table) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const absl::optional<ControlledPipeline> found = log_->Find(pipeline_name);
    if (!found.has_value()) return absl::NotFoundError(pipeline_name);
    if (LastVersionOfFile(*found, table.name()) == table.version()) return absl::OkStatus();
    pb::Pipeline changed = PipelineOf(*found);
    pb::StaticTable* const changed_table = FindTable(table.name(), &changed);
    if (changed_table == nullptr) return absl::NotFoundError(table.name());
    *changed_table->mutable_rows() = table.rows();
    const auto violations = ValidatePipeline(changed);
    if (!violations.empty()) return absl::InvalidArgumentError(DescribeViolations(violations));
    windrow::control::v1::Proposal proposal;
    // The same id from every replica that sees the same file.
    proposal.set_request_id(absl::StrCat("table:", pipeline_name, ":", table.name(), ":",
                                         table.version(), ":", found->generation));
    proposal.set_pipeline(pipeline_name);
    proposal.set_expected_generation(found->generation);
    proposal.set_proposer(options_.replica);
    proposal.mutable_table()->mutable_table()->set_name(table.name());
    proposal.mutable_table()->mutable_table()->set_version(table.version());
    *proposal.mutable_table()->mutable_table()->mutable_rows() = table.rows();
    proposal.mutable_table()->set_from_file(true);
    const absl::StatusOr<ControlVerdict> verdict = log_->Propose(proposal, kOpenTimeout);
    if (!verdict.ok()) return verdict.status();
    if (!verdict->accepted) continue;
    runtime::LogInfo("table changed", {{"pipeline", pipeline_name},
                                       {"table", table.name()},
                                       {"version", table.version()},
                                       {"generation", verdict->generation}});
    return absl::OkStatus();
  }
  return absl::AbortedError("others change the pipeline all the time");
}

void AggregatorApp::WatchTables(const Declared& declared) {
  const pb::Pipeline& pipeline = declared.pipeline;
  std::vector<TableWatcher::File> files;
  for (const pb::StaticTable& table : pipeline.tables()) {
    if (!table.path().empty()) {
      files.push_back({table.name(), TablePath(declared.file, table)});
    }
  }
  if (files.empty()) return;
  table_watchers_.push_back(std::make_unique<TableWatcher>(
      std::move(files), [this, name = pipeline.name()](const TableWatcher::File& file) {
        pb::StaticTable table;
        table.set_name(file.table);
        const absl::Status read = ReadTableFile(file.path, &table);
        return read.ok() ? UpdateFromFile(name, table) : read;
      }));
}

void AggregatorApp::FollowControlLog() {
  absl::MutexLock lock(&mutex_);
  // Before the start, which calls this itself, and in the end nothing is followed.
  if (log_ == nullptr || stopping_) return;
  // Asked under the lock, so that nobody applies older settings after newer ones.
  const std::map<std::string, ControlledPipeline> pipelines = log_->pipelines();
  for (auto runner = runners_.begin(); runner != runners_.end();) {
    const auto found = pipelines.find(runner->first.first);
    const int number = runner->first.second;
    if (found != pipelines.end() &&
        (found->second.served.number == number || found->second.newest().number == number)) {
      ++runner;
      continue;
    }
    runtime::LogInfo("incarnation ends",
                     {{"pipeline", runner->first.first}, {"incarnation", number}});
    runner->second->RequestStop();
    leaving_.insert(std::move(*runner));
    runner = runners_.erase(runner);
  }
  for (const auto& entry : pipelines) {
    if (!RunsHere(entry.first)) continue;
    FollowIncarnation(entry.first, entry.second, entry.second.served);
    if (entry.second.next.has_value()) {
      FollowIncarnation(entry.first, entry.second, *entry.second.next);
    }
  }
}

void AggregatorApp::FollowIncarnation(const std::string& name, const ControlledPipeline& pipeline,
                                      const ControlledIncarnation& incarnation) {
  const RunnerKey key(name, incarnation.number);
  const auto found = runners_.find(key);
  PipelineRunner* const runner = found == runners_.end() ? nullptr : found->second.get();
  if (runner != nullptr && pipeline.plan_generation <= runner->plan_generation()) {
    runner->Apply(pipeline);
    return;
  }
  const auto plan = MakePlan(pipeline, incarnation);
  if (!plan.ok()) {
    runtime::LogError("pipeline cannot be run", {{"pipeline", name},
                                                 {"incarnation", incarnation.number},
                                                 {"error", std::string(plan.status().message())}});
    runners_.erase(key);
    return;
  }
  if (runner != nullptr) {
    runner->UsePlan(*plan);
    runner->Apply(pipeline);
    return;
  }
  PipelineRunner::Options options;
  options.kafka = options_.kafka;
  options.replica = options_.replica;
  options.plan = *plan;
  options.memory_megabytes = options_.memory_megabytes;
  options.others = [this] { return board_->Others(); };
  options.publish_soon = [this] { board_->PublishSoon(); };
  options.on_fatal = EndProcess;
  runners_[key] = std::make_unique<PipelineRunner>(std::move(options), pipeline);
}

void AggregatorApp::ForgetStopped() {
  absl::MutexLock lock(&mutex_);
  for (auto runner = leaving_.begin(); runner != leaving_.end();) {
    runner = runner->second->stopped() ? leaving_.erase(runner) : std::next(runner);
  }
}

std::vector<status::v1::ReplicaStatus> AggregatorApp::Alive() const { return board_->Alive(); }

bool AggregatorApp::RunsHere(const std::string& pipeline_name) const {
  const std::vector<std::string>& only = options_.only_pipelines;
  return only.empty() ||
         std::find(only.begin(), only.end(), PipelineId(pipeline_name)) != only.end();
}

absl::optional<RunnerProgress> AggregatorApp::Progress(const std::string& name) const {
  const absl::optional<ControlledPipeline> pipeline = log_->Find(name);
  if (!pipeline.has_value()) return absl::nullopt;
  absl::MutexLock lock(&mutex_);
  const auto runner = runners_.find(RunnerKey(name, pipeline->served.number));
  if (runner == runners_.end()) return absl::nullopt;
  return runner->second->progress();
}

void AggregatorApp::WriteMetrics(metrics::MetricFamilies* out) const {
  for (const auto& [name, pipeline] : log_->pipelines()) {
    if (RunsHere(name)) WriteLimits(PipelineId(name), pipeline, out);
  }
  absl::MutexLock lock(&mutex_);
  for (const auto& runner : runners_) {
    aggregator::WriteMetrics(*runner.second->plan(), runner.second->progress(), out);
  }
}

status::v1::ReplicaStatus AggregatorApp::OwnStatus() const {
  status::v1::ReplicaStatus own;
  own.set_replica(options_.replica);
  own.set_run_id(run_id_);
  SetTime(absl::Now(), own.mutable_report_time());
  SetTime(start_time_, own.mutable_start_time());
  own.set_version(runtime::kVersion);
  own.set_address(options_.listen);
  const absl::Duration cpu_time = runtime::ProcessCpuTime();
  SetDuration(cpu_time, own.mutable_cpu_time());
  own.set_resident_bytes(runtime::ResidentBytes());
  absl::MutexLock lock(&mutex_);
  own.set_cpu_load(cpu_load_.Update(absl::Now(), cpu_time));
  for (const auto& runner : runners_) {
    EncodePipelineStatus(runner.first.first, runner.first.second, runner.second->progress(),
                         own.add_pipelines());
  }
  // What is about to stop still runs, though nothing is applied to it any more.
  for (const auto& runner : leaving_) {
    status::v1::PipelineStatus* const status = own.add_pipelines();
    status->set_pipeline(runner.first.first);
    status->set_incarnation(runner.first.second);
    status->set_waiting_for("its workers to stop");
  }
  return own;
}

AggregatorApp::~AggregatorApp() {
  // Kafka may be away: what is not committed by then is counted again after the next start.
  std::thread([] {
    absl::SleepFor(kStopDeadline);
    runtime::LogWarning("aggregator ends without Kafka's answer");
    _exit(0);
  }).detach();
  if (server_ != nullptr) server_->BeginDrain();
  if (metrics_ != nullptr) metrics_->SetSource(nullptr);
  if (service_ != nullptr) service_->Stop();
  table_watchers_.clear();
  incarnation_watch_.reset();
  {
    // All at once: each takes its time to leave its group.
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (auto& runner : runners_) runner.second->RequestStop();
  }
  if (server_ != nullptr) server_->Drain(kDrainGrace);
  std::map<RunnerKey, std::unique_ptr<PipelineRunner>> runners;
  {
    absl::MutexLock lock(&mutex_);
    runners.swap(runners_);
    runners.merge(leaving_);
  }
  runners.clear();
  // Before the log, which may still call FollowControlLog.
  log_.reset();
  board_.reset();
}

}  // namespace windrow::aggregator
