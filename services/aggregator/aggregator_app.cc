#include "services/aggregator/aggregator_app.h"

#include <google/protobuf/util/message_differencer.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/aggregator/source/json_record_parser.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::pipeline::v1;

constexpr absl::Duration kOpenTimeout = absl::Seconds(30);
constexpr absl::Duration kDrainGrace = absl::Seconds(2);
// A stop is promised within 10 s.
constexpr absl::Duration kStopDeadline = absl::Seconds(8);
constexpr int kExitFatal = 70;

// Whether two declarations mean the same, settings aside: those are turned while it runs.
bool SameDeclaration(pb::Pipeline a, pb::Pipeline b) {
  a.clear_settings();
  b.clear_settings();
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

// What cannot be gone on from: memory is worth nothing, and a restart goes on from the last commit.
void EndProcess(const std::string& reason) {
  runtime::LogError("aggregator ends", {{"reason", reason}});
  _exit(kExitFatal);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AggregatorApp>> AggregatorApp::Create(Options options) {
  auto app = std::unique_ptr<AggregatorApp>(new AggregatorApp(std::move(options)));
  const absl::Status status = app->Start();
  if (!status.ok()) return status;
  return app;
}

absl::Status AggregatorApp::Start() {
  const absl::Status processor = JsonRecordParser::CheckProcessor();
  if (!processor.ok()) return processor;
  // What can be wrong in the options comes first: it needs no Kafka.
  pb::Pipeline pipeline;
  if (!options_.pipeline_file.empty()) {
    const absl::StatusOr<pb::Pipeline> loaded = LoadPipelineFile(options_.pipeline_file);
    if (!loaded.ok()) return absl::InvalidArgumentError(loaded.status().message());
    const absl::Status valid = MakePlan(*loaded).status();
    if (!valid.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(options_.pipeline_file, ": ", valid.message()));
    }
    pipeline = *loaded;
  }
  absl::StatusOr<std::unique_ptr<ControlLog>> log = ControlLog::Open(
      options_.kafka, [this] { FollowControlLog(); }, kOpenTimeout);
  if (!log.ok()) return log.status();
  {
    // The log's thread may be in FollowControlLog already.
    absl::MutexLock lock(&mutex_);
    log_ = *std::move(log);
  }
  service_ = std::make_unique<PipelineServiceImpl>(
      log_.get(), options_.replica, [this](const std::string& name) { return Progress(name); });
  auto server = rpc::RpcServer::Start(options_.listen, {service_.get()});
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  if (!options_.pipeline_file.empty()) {
    const absl::Status ensured = EnsurePipeline(pipeline);
    if (!ensured.ok()) return ensured;
  }
  FollowControlLog();
  server_->SetServing(true);
  runtime::LogInfo(
      "aggregator serves",
      {{"replica", options_.replica}, {"listen", options_.listen}, {"port", server_->port()}});
  return absl::OkStatus();
}

absl::Status AggregatorApp::EnsurePipeline(const pb::Pipeline& pipeline) {
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
  pb::Pipeline existing;
  if (!found.has_value() || !existing.ParseFromString(found->definition) ||
      !SameDeclaration(existing, pipeline)) {
    return absl::InvalidArgumentError(absl::StrCat(
        options_.pipeline_file, " declares ", pipeline.name(),
        " differently from the pipeline of that name that exists: give it another name, or start "
        "without --pipeline_file"));
  }
  return absl::OkStatus();
}

void AggregatorApp::FollowControlLog() {
  absl::MutexLock lock(&mutex_);
  // Before the start, which calls this itself, and in the end nothing is followed.
  if (log_ == nullptr || stopping_) return;
  // Asked under the lock, so that nobody applies older settings after newer ones.
  const std::map<std::string, ControlledPipeline> pipelines = log_->pipelines();
  for (const auto& entry : pipelines) {
    if (!RunsHere(entry.first)) continue;
    std::unique_ptr<PipelineRunner>& runner = runners_[entry.first];
    if (runner != nullptr) {
      runner->Apply(entry.second);
      continue;
    }
    pb::Pipeline definition;
    definition.ParseFromString(entry.second.definition);
    const auto plan = MakePlan(definition);
    if (!plan.ok()) {
      runtime::LogError(
          "pipeline cannot be run",
          {{"pipeline", entry.first}, {"error", std::string(plan.status().message())}});
      runners_.erase(entry.first);
      continue;
    }
    PipelineRunner::Options options;
    options.kafka = options_.kafka;
    options.replica = options_.replica;
    options.plan = *plan;
    options.memory_megabytes = options_.memory_megabytes;
    options.on_fatal = EndProcess;
    runner = std::make_unique<PipelineRunner>(std::move(options), entry.second);
  }
}

bool AggregatorApp::RunsHere(const std::string& pipeline_name) const {
  const std::vector<std::string>& only = options_.only_pipelines;
  return only.empty() ||
         std::find(only.begin(), only.end(), PipelineId(pipeline_name)) != only.end();
}

absl::optional<RunnerProgress> AggregatorApp::Progress(const std::string& name) const {
  absl::MutexLock lock(&mutex_);
  const auto runner = runners_.find(name);
  if (runner == runners_.end()) return absl::nullopt;
  return runner->second->progress();
}

AggregatorApp::~AggregatorApp() {
  // Kafka may be away: what is not committed by then is counted again after the next start.
  std::thread([] {
    absl::SleepFor(kStopDeadline);
    runtime::LogWarning("aggregator ends without Kafka's answer");
    _exit(0);
  }).detach();
  if (service_ != nullptr) service_->Stop();
  {
    // All at once: each takes its time to leave its group.
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (auto& runner : runners_) runner.second->RequestStop();
  }
  if (server_ != nullptr) server_->Drain(kDrainGrace);
  std::map<std::string, std::unique_ptr<PipelineRunner>> runners;
  {
    absl::MutexLock lock(&mutex_);
    runners.swap(runners_);
  }
  runners.clear();
  // Before the log, which may still call FollowControlLog.
  log_.reset();
}

}  // namespace windrow::aggregator
