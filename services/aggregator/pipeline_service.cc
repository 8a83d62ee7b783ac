#include "services/aggregator/pipeline_service.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/aggregator/sink/position_encoder.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/aggregator/source/table_reader.h"
#include "services/platform/rpc/rpc_error.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

namespace control = windrow::control::v1;
namespace pipeline = windrow::pipeline::v1;

constexpr char kDomain[] = "aggregator.windrow";
constexpr absl::Duration kProposeTimeout = absl::Seconds(5);
constexpr int kMaxAttempts = 10;

grpc::Status NotFound(const std::string& name) {
  return rpc::RpcError(
      grpc::StatusCode::NOT_FOUND,
      absl::StrCat("there is no pipeline \"", name, "\"; ListPipelines names those there are"),
      kDomain, "PIPELINE_NOT_FOUND", {{"pipeline", name}});
}

grpc::Status BadRequest(const std::vector<rpc::FieldViolation>& violations) {
  std::string message = "the request is not valid:";
  for (const rpc::FieldViolation& violation : violations) {
    absl::StrAppend(&message, " ", violation.field, " ", violation.description, ";");
  }
  message.pop_back();
  return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT, message, kDomain, "INVALID_FIELD", {},
                       violations);
}

std::string Etag(const ControlledPipeline& pipeline) {
  return absl::StrCat("\"", pipeline.generation, "\"");
}

std::string NewRequestId() {
  std::random_device random;
  return absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(), random());
}

pipeline::Settings ToProto(const PipelineSettings& settings) {
  pipeline::Settings proto;
  proto.set_parallelism(settings.parallelism);
  proto.set_records_per_second_per_partition(settings.records_per_second_per_partition);
  proto.set_state_limit_bytes(settings.state_limit_bytes);
  proto.mutable_commit_interval()->set_seconds(settings.commit_interval_ms / 1000);
  proto.mutable_commit_interval()->set_nanos(
      static_cast<int32_t>(settings.commit_interval_ms % 1000) * 1'000'000);
  return proto;
}

void FillResource(const ControlledPipeline& from, v1::PipelineResource* resource) {
  *resource->mutable_pipeline() = PipelineOf(from);
  *resource->mutable_pipeline()->mutable_settings() = ToProto(from.settings);
  resource->set_etag(Etag(from));
  resource->set_generation(from.generation);
  resource->set_drain_generation(from.drain_generation);
  resource->set_table_generation(from.table_generation);
}

grpc::Status EtagMismatch(const std::string& etag) {
  return rpc::RpcError(
      grpc::StatusCode::ABORTED,
      "the pipeline has changed since: read it again and repeat the change with its new etag",
      kDomain, "ETAG_MISMATCH", {{"etag", etag}});
}

absl::optional<TableFormat> ToFormat(v1::UpdateTableRequest::Format format) {
  switch (format) {
    case v1::UpdateTableRequest::FORMAT_JSON:
      return TableFormat::kJson;
    case v1::UpdateTableRequest::FORMAT_NDJSON:
      return TableFormat::kNdjson;
    case v1::UpdateTableRequest::FORMAT_CSV:
      return TableFormat::kCsv;
    default:
      return absl::nullopt;
  }
}

// Puts the request's rows into the pipeline's table; what is wrong with them otherwise.
std::vector<rpc::FieldViolation> ReplaceRows(const v1::UpdateTableRequest& request,
                                             pipeline::Pipeline* changed,
                                             pipeline::StaticTable* table) {
  const absl::optional<TableFormat> format = ToFormat(request.format());
  if (!format.has_value()) return {{"format", "must be JSON, NDJSON or CSV"}};
  const absl::Status read = ReadTable(*format, "content", request.content(), table);
  if (!read.ok()) return {{"content", std::string(read.message())}};
  std::vector<rpc::FieldViolation> violations;
  // The names of fields are those of the pipeline, since the rows do not fit them.
  for (const PipelineViolation& violation : ValidatePipeline(*changed)) {
    violations.push_back({"content", absl::StrCat(violation.field, " ", violation.description)});
  }
  return violations;
}

// Paths of settings that a request changes.
std::set<std::string> ChangedPaths(const v1::ReconfigureRequest& request) {
  const std::set<std::string> all = {"parallelism", "records_per_second_per_partition",
                                     "commit_interval", "state_limit_bytes"};
  std::set<std::string> paths(request.update_mask().paths().begin(),
                              request.update_mask().paths().end());
  if (paths.count("*") > 0) return all;
  if (!paths.empty()) return paths;
  const pipeline::Settings& settings = request.settings();
  if (settings.parallelism() != 0) paths.insert("parallelism");
  if (settings.records_per_second_per_partition() != 0) {
    paths.insert("records_per_second_per_partition");
  }
  if (settings.has_commit_interval()) paths.insert("commit_interval");
  if (settings.state_limit_bytes() != 0) paths.insert("state_limit_bytes");
  return paths;
}

// The settings after the request; violations for paths that do not exist.
pipeline::Settings Merge(const v1::ReconfigureRequest& request, const PipelineSettings& now,
                         std::vector<rpc::FieldViolation>* violations) {
  pipeline::Settings merged = ToProto(now);
  const pipeline::Settings& wanted = request.settings();
  for (const std::string& path : ChangedPaths(request)) {
    if (path == "parallelism") {
      merged.set_parallelism(wanted.parallelism());
    } else if (path == "records_per_second_per_partition") {
      merged.set_records_per_second_per_partition(wanted.records_per_second_per_partition());
    } else if (path == "commit_interval") {
      *merged.mutable_commit_interval() = wanted.commit_interval();
    } else if (path == "state_limit_bytes") {
      merged.set_state_limit_bytes(wanted.state_limit_bytes());
    } else {
      violations->push_back(
          {"update_mask", absl::StrCat("\"", path, "\" is not a field of settings")});
    }
  }
  return merged;
}

void SetTime(EventTime time, google::protobuf::Timestamp* proto) {
  const int64_t seconds = FloorDivide(time, kMicrosPerSecond);
  proto->set_seconds(seconds);
  proto->set_nanos(static_cast<int32_t>(time - seconds * kMicrosPerSecond) * 1000);
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* proto) {
  const int64_t nanos = absl::ToInt64Nanoseconds(duration);
  proto->set_seconds(nanos / 1'000'000'000);
  proto->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
}

int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

absl::Duration CpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

v1::Worker::State ToProto(WorkerState state) {
  switch (state) {
    case WorkerState::kStarting:
      return v1::Worker::STATE_STARTING;
    case WorkerState::kRestoring:
      return v1::Worker::STATE_RESTORING;
    case WorkerState::kRunning:
      return v1::Worker::STATE_RUNNING;
    case WorkerState::kStopping:
      return v1::Worker::STATE_STOPPING;
    case WorkerState::kBlocked:
      return v1::Worker::STATE_BLOCKED;
    case WorkerState::kFailed:
      return v1::Worker::STATE_FAILED;
  }
  return v1::Worker::STATE_UNSPECIFIED;
}

void FillWorker(const WorkerStatus& status, v1::Worker* worker) {
  worker->set_slot(status.slot);
  worker->set_state(ToProto(status.state));
  worker->set_error(status.error);
  for (const WorkerStatus::Source& from : status.sources) {
    v1::SourcePartition* source = worker->add_sources();
    EncodePosition(from.position, source->mutable_position());
    source->set_log_end_offset(from.log_end);
    source->set_limited(from.limited);
  }
  for (const WorkerStatus::Merge& from : status.merges) {
    v1::MergePartition* merge = worker->add_merges();
    merge->set_partition(from.partition);
    if (from.closed_through != kNever) {
      SetTime(from.closed_through, merge->mutable_closed_through_time());
    }
    merge->set_drain_generation(from.drain_generation);
    merge->set_open_cells(from.open_cells);
    merge->set_state_bytes(from.state_bytes);
    merge->set_blocked(from.blocked);
  }
}

v1::HoldingPartition::Cause ToProto(HoldCause cause) {
  switch (cause) {
    case HoldCause::kNeverHeardOf:
      return v1::HoldingPartition::CAUSE_NEVER_HEARD_OF;
    case HoldCause::kFailed:
      return v1::HoldingPartition::CAUSE_FAILED;
    case HoldCause::kStarting:
      return v1::HoldingPartition::CAUSE_STARTING;
    case HoldCause::kLimited:
      return v1::HoldingPartition::CAUSE_LIMITED;
    case HoldCause::kBehind:
      return v1::HoldingPartition::CAUSE_BEHIND;
    case HoldCause::kAtItsEnd:
      return v1::HoldingPartition::CAUSE_AT_ITS_END;
    case HoldCause::kReadElsewhere:
      return v1::HoldingPartition::CAUSE_READ_ELSEWHERE;
  }
  return v1::HoldingPartition::CAUSE_UNSPECIFIED;
}

absl::string_view CauseText(HoldCause cause) {
  switch (cause) {
    case HoldCause::kNeverHeardOf:
      return "has not been read yet";
    case HoldCause::kFailed:
      return "cannot be read on";
    case HoldCause::kStarting:
      return "is being restored";
    case HoldCause::kLimited:
      return "is held back by the rate limit";
    case HoldCause::kBehind:
      return "has records that are not read yet";
    case HoldCause::kAtItsEnd:
      return "is at its end, but not for idle_timeout yet";
    case HoldCause::kReadElsewhere:
      return "is read by another replica";
  }
  return "";
}

std::string Summary(const WatermarkReport& report, const v1::Explanation& explanation) {
  if (!report.known) {
    return "this replica owns no merge partition: ask another one, or again in a moment";
  }
  if (!report.merge_error.empty()) return report.merge_error;
  int64_t blocked = 0;
  bool more = false;
  for (const v1::BlockedWindows& view : explanation.blocked_windows()) {
    blocked += view.count();
    more = more || view.more();
  }
  const std::string windows = absl::StrCat(more ? "more than " : "", blocked, " windows");
  if (report.all_idle) {
    return blocked == 0 ? "every partition is idle, and every window closed"
                        : absl::StrCat("every partition is idle; ", windows,
                                       " wait for what idle_policy says");
  }
  if (report.holds.empty()) return "no partition holds another one's windows back";
  std::vector<std::string> partitions;
  for (const WatermarkHold& hold : report.holds) {
    partitions.push_back(absl::StrCat("partition ", hold.partition, " ", CauseText(hold.cause)));
  }
  return absl::StrCat(absl::StrJoin(partitions, ", "), "; ", windows, " wait for it");
}

void FillExplanation(const pipeline::Pipeline& pipeline, const WatermarkReport& report,
                     v1::Explanation* explanation) {
  if (report.closed_through != kNever) {
    SetTime(report.closed_through, explanation->mutable_closed_through_time());
  }
  explanation->set_all_idle(report.all_idle);
  explanation->set_error(report.merge_error);
  for (const WatermarkHold& from : report.holds) {
    v1::HoldingPartition* hold = explanation->add_holding_partitions();
    hold->set_partition(from.partition);
    hold->set_cause(ToProto(from.cause));
    SetTime(from.since_us, hold->mutable_since_time());
    SetTime(from.last_advance_us, hold->mutable_last_advance_time());
    if (from.watermark != kNever) SetTime(from.watermark, hold->mutable_watermark_time());
    if (from.leading != kNever) SetTime(from.leading, hold->mutable_leading_watermark_time());
    hold->set_lag_records(from.lag_records);
    hold->set_error(from.error);
  }
  for (size_t view = 0; view < report.views.size(); ++view) {
    const BlockedWindows& from = report.views[view];
    if (from.ends.empty()) continue;
    v1::BlockedWindows* blocked = explanation->add_blocked_windows();
    blocked->set_view(pipeline.views(static_cast<int>(view)).id());
    blocked->set_count(static_cast<int64_t>(from.ends.size()));
    blocked->set_more(from.more);
    SetTime(from.ends.front(), blocked->mutable_oldest_end_time());
    SetTime(from.ends.back(), blocked->mutable_newest_end_time());
  }
  explanation->set_summary(Summary(report, *explanation));
}

}  // namespace

PipelineServiceImpl::PipelineServiceImpl(ControlLog* log, std::string replica,
                                         ProgressSource progress_source)
    : log_(log), replica_(std::move(replica)), progress_source_(std::move(progress_source)) {}

grpc::Status PipelineServiceImpl::GetPipeline(grpc::ServerContext*,
                                              const v1::GetPipelineRequest* request,
                                              v1::GetPipelineResponse* response) {
  const absl::optional<ControlledPipeline> found = log_->Find(request->name());
  if (!found.has_value()) return NotFound(request->name());
  FillResource(*found, response->mutable_pipeline());
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::ListPipelines(grpc::ServerContext*,
                                                const v1::ListPipelinesRequest* request,
                                                v1::ListPipelinesResponse* response) {
  if (request->page_size() < 0) return BadRequest({{"page_size", "must not be negative"}});
  const int page_size = request->page_size() == 0 ? 50 : std::min(request->page_size(), 1000);
  const std::map<std::string, ControlledPipeline> pipelines = log_->pipelines();
  // A page token is the name that the next page begins with, in hexadecimal.
  const std::string first = absl::HexStringToBytes(request->page_token());
  if (!request->page_token().empty() && first.rfind("pipelines/", 0) != 0) {
    return rpc::RpcError(grpc::StatusCode::INVALID_ARGUMENT,
                         "page_token is not a next_page_token of this method", kDomain,
                         "BAD_PAGE_TOKEN");
  }
  for (auto entry = pipelines.lower_bound(first); entry != pipelines.end(); ++entry) {
    if (response->pipelines_size() == page_size) {
      response->set_next_page_token(absl::BytesToHexString(entry->first));
      break;
    }
    FillResource(entry->second, response->add_pipelines());
  }
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::Propose(
    control::Proposal proposal, bool fixed_generation,
    absl::FunctionRef<void(const ControlledPipeline&, control::Proposal*)> rebase,
    ControlVerdict* verdict) {
  proposal.set_proposer(replica_);
  *proposal.mutable_propose_time() = google::protobuf::Timestamp();
  SetTime(absl::ToUnixMicros(absl::Now()), proposal.mutable_propose_time());
  const std::string request_id =
      proposal.request_id().empty() ? NewRequestId() : proposal.request_id();
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    // Another writer may have been faster; a change that names no etag goes on top of theirs.
    proposal.set_request_id(attempt == 0 ? request_id : absl::StrCat(request_id, "#", attempt));
    const absl::StatusOr<ControlVerdict> applied = log_->Propose(proposal, kProposeTimeout);
    if (!applied.ok()) return rpc::RpcError(applied.status(), kDomain, "CONTROL_LOG_UNAVAILABLE");
    *verdict = *applied;
    runtime::LogInfo("control change", {{"pipeline", proposal.pipeline()},
                                        {"request_id", proposal.request_id()},
                                        {"accepted", verdict->accepted},
                                        {"generation", verdict->generation}});
    if (verdict->accepted) return grpc::Status::OK;
    if (fixed_generation) break;
    const absl::optional<ControlledPipeline> now = log_->Find(proposal.pipeline());
    if (!now.has_value()) return NotFound(proposal.pipeline());
    proposal.set_expected_generation(now->generation);
    rebase(*now, &proposal);
  }
  return EtagMismatch(absl::StrCat("\"", verdict->generation, "\""));
}

grpc::Status PipelineServiceImpl::Reconfigure(grpc::ServerContext*,
                                              const v1::ReconfigureRequest* request,
                                              v1::ReconfigureResponse* response) {
  const absl::optional<ControlledPipeline> found = log_->Find(request->name());
  if (!found.has_value()) return NotFound(request->name());
  std::vector<rpc::FieldViolation> violations;
  control::Proposal proposal;
  *proposal.mutable_settings() = Merge(*request, found->settings, &violations);
  if (ChangedPaths(*request).empty()) {
    violations.push_back({"settings",
                          "holds no value to set; to set a value to zero, name it in "
                          "update_mask"});
  }
  for (const PipelineViolation& violation : ValidateSettings(proposal.settings())) {
    violations.push_back({violation.field, violation.description});
  }
  if (!violations.empty()) return BadRequest(violations);
  ControlledPipeline changed = *found;
  // The first call with this request id may have changed the etag that its repetition still names.
  const bool repeated = !request->request_id().empty() && log_->HasAccepted(request->request_id());
  if (!repeated && !request->etag().empty() && request->etag() != Etag(*found)) {
    return EtagMismatch(Etag(*found));
  }
  if (!request->validate_only()) {
    proposal.set_pipeline(request->name());
    proposal.set_request_id(request->request_id());
    proposal.set_expected_generation(found->generation);
    ControlVerdict verdict;
    const grpc::Status status = Propose(
        std::move(proposal), !request->etag().empty(),
        [&](const ControlledPipeline& now, control::Proposal* next) {
          // What others have changed meanwhile stays.
          *next->mutable_settings() = Merge(*request, now.settings, &violations);
        },
        &verdict);
    if (!status.ok()) return status;
    changed = log_->Find(request->name()).value_or(changed);
  } else {
    changed.settings = MakeSettings(proposal.settings());
  }
  FillResource(changed, response->mutable_pipeline());
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::DrainPipeline(grpc::ServerContext*,
                                                const v1::DrainPipelineRequest* request,
                                                v1::DrainPipelineResponse* response) {
  const absl::optional<ControlledPipeline> found = log_->Find(request->name());
  if (!found.has_value()) return NotFound(request->name());
  control::Proposal proposal;
  proposal.mutable_drain();
  proposal.set_pipeline(request->name());
  proposal.set_request_id(request->request_id());
  proposal.set_expected_generation(found->generation);
  ControlVerdict verdict;
  const grpc::Status status = Propose(
      std::move(proposal), false, [](const ControlledPipeline&, control::Proposal*) {}, &verdict);
  if (status.ok()) response->set_drain_generation(verdict.generation);
  return status;
}

grpc::Status PipelineServiceImpl::UpdateTable(grpc::ServerContext*,
                                              const v1::UpdateTableRequest* request,
                                              v1::UpdateTableResponse* response) {
  const absl::optional<ControlledPipeline> found = log_->Find(request->name());
  if (!found.has_value()) return NotFound(request->name());
  pipeline::Pipeline changed = PipelineOf(*found);
  pipeline::StaticTable* const table = FindTable(request->table(), &changed);
  if (table == nullptr) {
    return rpc::RpcError(grpc::StatusCode::NOT_FOUND,
                         absl::StrCat("the pipeline has no table \"", request->table(), "\""),
                         kDomain, "TABLE_NOT_FOUND", {{"table", request->table()}});
  }
  const std::string version = table->version();
  const std::vector<rpc::FieldViolation> violations = ReplaceRows(*request, &changed, table);
  if (!violations.empty()) return BadRequest(violations);
  const bool repeated = !request->request_id().empty() && log_->HasAccepted(request->request_id());
  if (!repeated && !request->etag().empty() && request->etag() != Etag(*found)) {
    return EtagMismatch(Etag(*found));
  }
  ControlledPipeline result = *found;
  response->set_version(table->version());
  // The same rows again are no change.
  if (!request->validate_only() && !repeated && table->version() != version) {
    control::Proposal proposal;
    proposal.set_pipeline(request->name());
    proposal.set_request_id(request->request_id());
    proposal.set_expected_generation(found->generation);
    pipeline::StaticTable* const proposed = proposal.mutable_table()->mutable_table();
    proposed->set_name(table->name());
    proposed->set_version(table->version());
    *proposed->mutable_rows() = table->rows();
    ControlVerdict verdict;
    const grpc::Status status = Propose(
        std::move(proposal), !request->etag().empty(),
        [](const ControlledPipeline&, control::Proposal*) {}, &verdict);
    if (!status.ok()) return status;
    result = log_->Find(request->name()).value_or(result);
  }
  FillResource(result, response->mutable_pipeline());
  if (request->validate_only()) *response->mutable_pipeline()->mutable_pipeline() = changed;
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::FillProgress(const std::string& name,
                                               v1::Progress* progress) const {
  const absl::optional<RunnerProgress> measured = progress_source_(name);
  if (!measured.has_value()) return NotFound(name);
  progress->set_pipeline(name);
  progress->set_replica(replica_);
  SetTime(absl::ToUnixMicros(absl::Now()), progress->mutable_report_time());
  progress->set_generation(measured->generation);
  progress->set_input_rows_per_second(measured->input_rows_per_second);
  progress->set_processed_rows_per_second(measured->processed_rows_per_second);
  progress->set_rows_processed(measured->records_processed);
  progress->set_rows_written(measured->rows_written);
  progress->set_lag_records(measured->lag_records);
  if (measured->watermark != kNever) {
    SetTime(measured->watermark, progress->mutable_watermark_time());
  }
  progress->set_commits(measured->commits);
  progress->set_aborts(measured->aborts);
  SetDuration(measured->commit_duration, progress->mutable_commit_duration());
  progress->set_resident_bytes(ResidentBytes());
  SetDuration(CpuTime(), progress->mutable_cpu_time());
  for (const WorkerStatus& worker : measured->workers) FillWorker(worker, progress->add_workers());
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::GetProgress(grpc::ServerContext*,
                                              const v1::GetProgressRequest* request,
                                              v1::GetProgressResponse* response) {
  return FillProgress(request->name(), response->mutable_progress());
}

grpc::Status PipelineServiceImpl::ExplainPipeline(grpc::ServerContext*,
                                                  const v1::ExplainPipelineRequest* request,
                                                  v1::ExplainPipelineResponse* response) {
  const absl::optional<ControlledPipeline> found = log_->Find(request->name());
  const absl::optional<RunnerProgress> measured = progress_source_(request->name());
  if (!found.has_value() || !measured.has_value()) return NotFound(request->name());
  v1::Explanation* const explanation = response->mutable_explanation();
  explanation->set_pipeline(request->name());
  explanation->set_replica(replica_);
  SetTime(absl::ToUnixMicros(absl::Now()), explanation->mutable_report_time());
  FillExplanation(PipelineOf(*found), measured->report, explanation);
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::WatchProgress(
    grpc::ServerContext* context, const v1::WatchProgressRequest* request,
    grpc::ServerWriter<v1::WatchProgressResponse>* writer) {
  absl::Duration interval = absl::Seconds(1);
  if (request->has_interval()) {
    interval = absl::Seconds(request->interval().seconds()) +
               absl::Nanoseconds(request->interval().nanos());
    if (interval < absl::Milliseconds(100) || interval > absl::Minutes(1)) {
      return BadRequest({{"interval", "must be from 0.1 to 60 seconds"}});
    }
  }
  while (!context->IsCancelled() && !stopping_) {
    v1::WatchProgressResponse response;
    const grpc::Status status = FillProgress(request->name(), response.mutable_progress());
    if (!status.ok()) return status;
    if (!writer->Write(response)) break;
    // In small steps, so that neither a caller that left nor a stop is noticed late.
    const absl::Time next = absl::Now() + interval;
    while (absl::Now() < next && !context->IsCancelled() && !stopping_) {
      absl::SleepFor(std::min(next - absl::Now(), absl::Milliseconds(50)));
    }
  }
  return grpc::Status::OK;
}

}  // namespace windrow::aggregator
