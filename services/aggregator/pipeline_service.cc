#include "services/aggregator/pipeline_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "services/aggregator/acknowledgement_wait.h"
#include "services/aggregator/control_error.h"
#include "services/aggregator/explanation_report.h"
#include "services/aggregator/pipeline_resource.h"
#include "services/aggregator/proto_time.h"
#include "services/aggregator/settings_change.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/aggregator/source/pipeline_settings.h"
#include "services/aggregator/source/table_reader.h"

namespace windrow::aggregator {
namespace {

namespace control = windrow::control::v1;
namespace pipeline = windrow::pipeline::v1;

using Kind = ControlProposal::Kind;

constexpr absl::Duration kAwaitReplicas = absl::Seconds(2);

constexpr absl::string_view kReplicaMark = "replicas/";

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
  if (!read.ok()) {
    return {{"content", std::string(absl::StripPrefix(read.message(), "content: "))}};
  }
  std::vector<rpc::FieldViolation> violations;
  // The names of fields are those of the pipeline, since the rows do not fit them.
  for (const PipelineViolation& violation : ValidatePipeline(*changed)) {
    violations.push_back({"content", absl::StrCat(violation.field, " ", violation.description)});
  }
  return violations;
}

// Says in the response which live replicas have applied a change, once all have or it took too
// long.
template <typename Response>
void AwaitReplicas(const AcknowledgementWait& replicas, int64_t generation, Response* response) {
  const AcknowledgementWait::Result applied =
      replicas.Await(generation, absl::Now() + kAwaitReplicas);
  response->mutable_acknowledgements()->Add(applied.acknowledgements.begin(),
                                            applied.acknowledgements.end());
  response->mutable_missing_replicas()->Add(applied.missing.begin(), applied.missing.end());
}

// ABORTED when the caller has not seen the pipeline as it is. A call that is repeated may name the
// etag that it has changed itself.
template <typename Request>
grpc::Status CheckEtag(const Request& request, const ControlledPipeline& now, bool repeated) {
  if (repeated || request.etag().empty() || request.etag() == Etag(now)) return grpc::Status::OK;
  return EtagMismatch(Etag(now));
}

}  // namespace

PipelineServiceImpl::PipelineServiceImpl(ControlLog* log, std::string replica,
                                         ProgressSource progress_source,
                                         const ReplicaDirectory* replicas)
    : log_(log),
      replica_(std::move(replica)),
      progress_source_(std::move(progress_source)),
      replicas_(replicas),
      proposer_(log, replica_),
      lifecycle_(log, &proposer_) {}

grpc::Status PipelineServiceImpl::GetPipeline(grpc::ServerContext*,
                                              const v1::GetPipelineRequest* request,
                                              v1::GetPipelineResponse* response) {
  const absl::optional<ControlledPipeline> found = log_->Find(request->name());
  if (!found.has_value()) return NoSuchPipeline(request->name());
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
  if (!request->page_token().empty() && first.rfind("pipelines/", 0) != 0) return BadPageToken();
  for (auto entry = pipelines.lower_bound(first); entry != pipelines.end(); ++entry) {
    if (response->pipelines_size() == page_size) {
      response->set_next_page_token(absl::BytesToHexString(entry->first));
      break;
    }
    FillResource(entry->second, response->add_pipelines());
  }
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::CreatePipeline(grpc::ServerContext* context,
                                                 const v1::CreatePipelineRequest* request,
                                                 v1::CreatePipelineResponse* response) {
  ControlCall call(context, "CreatePipeline", *request);
  return call.End(lifecycle_.Create(*request, &call, response));
}

grpc::Status PipelineServiceImpl::UpdatePipeline(grpc::ServerContext* context,
                                                 const v1::UpdatePipelineRequest* request,
                                                 v1::UpdatePipelineResponse* response) {
  ControlCall call(context, "UpdatePipeline", *request);
  return call.End(lifecycle_.Update(*request, &call, response));
}

grpc::Status PipelineServiceImpl::RestartPipeline(grpc::ServerContext* context,
                                                  const v1::RestartPipelineRequest* request,
                                                  v1::RestartPipelineResponse* response) {
  ControlCall call(context, "RestartPipeline", *request);
  return call.End(lifecycle_.Restart(*request, &call, response));
}

grpc::Status PipelineServiceImpl::DeletePipeline(grpc::ServerContext* context,
                                                 const v1::DeletePipelineRequest* request,
                                                 v1::DeletePipelineResponse* response) {
  ControlCall call(context, "DeletePipeline", *request);
  return call.End(lifecycle_.Delete(*request, &call, response));
}

grpc::Status PipelineServiceImpl::Reconfigure(grpc::ServerContext* context,
                                              const v1::ReconfigureRequest* request,
                                              v1::ReconfigureResponse* response) {
  ControlCall call(context, "Reconfigure", *request);
  return call.End(DoReconfigure(*request, &call, response));
}

template <typename Request>
grpc::Status PipelineServiceImpl::FindTarget(const Request& request, Kind kind, ControlCall* call,
                                             Target* target) const {
  absl::optional<ControlledPipeline> found = log_->Find(request.name());
  if (!found.has_value()) return NoSuchPipeline(request.name());
  call->SetGenerations(found->generation, found->generation);
  target->pipeline = *std::move(found);
  if (request.request_id().empty()) return grpc::Status::OK;
  const absl::optional<ControlVerdict> outcome = log_->FindOutcome(request.request_id());
  if (!outcome.has_value()) return grpc::Status::OK;
  if (outcome->pipeline != request.name() || outcome->kind != kind) return RequestIdReused();
  if (outcome->accepted) target->earlier = outcome;
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::DoReconfigure(const v1::ReconfigureRequest& request,
                                                ControlCall* call,
                                                v1::ReconfigureResponse* response) {
  Target target;
  grpc::Status status = FindTarget(request, Kind::kSettings, call, &target);
  if (!status.ok()) return status;
  ControlledPipeline& now = target.pipeline;
  std::vector<rpc::FieldViolation> violations;
  control::Proposal proposal;
  *proposal.mutable_settings() = MergeSettings(request, now, &violations);
  if (ChangedPaths(request).empty()) {
    violations.push_back({"settings",
                          "holds no value to set; to set a value to zero, name it in "
                          "update_mask"});
  }
  for (const PipelineViolation& violation : ValidateSettings(proposal.settings())) {
    violations.push_back({violation.field, violation.description});
  }
  if (!violations.empty()) return BadRequest(violations);
  if (target.earlier.has_value()) {
    ControlledPipeline then = now;
    then.settings = target.earlier->settings;
    if (!ChangesNothing(request, then)) return RequestIdReused();
  }
  status = CheckEtag(request, now, target.earlier.has_value());
  if (!status.ok()) return status;
  if (request.validate_only()) {
    now.settings = MakeSettings(proposal.settings());
    FillResource(now, response->mutable_pipeline());
    return grpc::Status::OK;
  }
  const AcknowledgementWait replicas(replicas_, request.name());
  ControlVerdict verdict;
  if (target.earlier.has_value()) {
    verdict = *target.earlier;
  } else {
    proposal.set_pipeline(request.name());
    proposal.set_request_id(request.request_id());
    proposal.set_expected_generation(now.generation);
    status = proposer_.Propose(
        std::move(proposal), !request.etag().empty(),
        [&](const ControlledPipeline& later, control::Proposal* next) {
          // What others have changed meanwhile stays.
          *next->mutable_settings() = MergeSettings(request, later, &violations);
        },
        call, &verdict);
    if (!status.ok()) return status;
  }
  AwaitReplicas(replicas, verdict.generation, response);
  FillResource(log_->Find(request.name()).value_or(now), response->mutable_pipeline());
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::PausePipeline(grpc::ServerContext* context,
                                                const v1::PausePipelineRequest* request,
                                                v1::PausePipelineResponse* response) {
  ControlCall call(context, "PausePipeline", *request);
  return call.End(SetPaused(*request, true, &call, response));
}

grpc::Status PipelineServiceImpl::ResumePipeline(grpc::ServerContext* context,
                                                 const v1::ResumePipelineRequest* request,
                                                 v1::ResumePipelineResponse* response) {
  ControlCall call(context, "ResumePipeline", *request);
  return call.End(SetPaused(*request, false, &call, response));
}

template <typename Request, typename Response>
grpc::Status PipelineServiceImpl::SetPaused(const Request& request, bool paused, ControlCall* call,
                                            Response* response) {
  Target target;
  grpc::Status status = FindTarget(request, Kind::kPause, call, &target);
  if (!status.ok()) return status;
  ControlledPipeline& now = target.pipeline;
  const bool repeated = target.earlier.has_value();
  if (repeated && target.earlier->paused != paused) return RequestIdReused();
  status = CheckEtag(request, now, repeated);
  if (!status.ok()) return status;
  if (request.validate_only()) {
    now.paused = paused;
    FillResource(now, response->mutable_pipeline());
    return grpc::Status::OK;
  }
  const AcknowledgementWait replicas(replicas_, request.name());
  int64_t generation = now.generation;
  // What is so already is no change, though not every replica need have heard of it.
  if (!repeated && now.paused != paused) {
    control::Proposal proposal;
    proposal.mutable_pause()->set_paused(paused);
    proposal.set_pipeline(request.name());
    proposal.set_request_id(request.request_id());
    proposal.set_expected_generation(now.generation);
    ControlVerdict verdict;
    status = proposer_.Propose(
        std::move(proposal), !request.etag().empty(),
        [](const ControlledPipeline&, control::Proposal*) {}, call, &verdict);
    if (!status.ok()) return status;
    generation = verdict.generation;
  }
  AwaitReplicas(replicas, generation, response);
  FillResource(log_->Find(request.name()).value_or(now), response->mutable_pipeline());
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::DrainPipeline(grpc::ServerContext* context,
                                                const v1::DrainPipelineRequest* request,
                                                v1::DrainPipelineResponse* response) {
  ControlCall call(context, "DrainPipeline", *request);
  return call.End(DoDrain(*request, &call, response));
}

grpc::Status PipelineServiceImpl::DoDrain(const v1::DrainPipelineRequest& request,
                                          ControlCall* call, v1::DrainPipelineResponse* response) {
  Target target;
  grpc::Status status = FindTarget(request, Kind::kDrain, call, &target);
  if (!status.ok()) return status;
  if (target.earlier.has_value()) {
    response->set_drain_generation(target.earlier->generation);
    return grpc::Status::OK;
  }
  control::Proposal proposal;
  proposal.mutable_drain();
  proposal.set_pipeline(request.name());
  proposal.set_request_id(request.request_id());
  proposal.set_expected_generation(target.pipeline.generation);
  ControlVerdict verdict;
  status = proposer_.Propose(
      std::move(proposal), false, [](const ControlledPipeline&, control::Proposal*) {}, call,
      &verdict);
  if (status.ok()) response->set_drain_generation(verdict.generation);
  return status;
}

grpc::Status PipelineServiceImpl::UpdateTable(grpc::ServerContext* context,
                                              const v1::UpdateTableRequest* request,
                                              v1::UpdateTableResponse* response) {
  ControlCall call(context, "UpdateTable", *request);
  return call.End(DoUpdateTable(*request, &call, response));
}

grpc::Status PipelineServiceImpl::DoUpdateTable(const v1::UpdateTableRequest& request,
                                                ControlCall* call,
                                                v1::UpdateTableResponse* response) {
  Target target;
  grpc::Status status = FindTarget(request, Kind::kTable, call, &target);
  if (!status.ok()) return status;
  const ControlledPipeline& now = target.pipeline;
  pipeline::Pipeline changed = PipelineOf(now);
  pipeline::StaticTable* const table = FindTable(request.table(), &changed);
  if (table == nullptr) return NoSuchTable(request.table());
  const std::string version = table->version();
  std::vector<rpc::FieldViolation> violations = ReplaceRows(request, &changed, table);
  if (violations.empty() && now.next.has_value()) {
    // They have to fit what catches up, too.
    pipeline::Pipeline next = PipelineOf(*now.next);
    pipeline::StaticTable* const table_of_next = FindTable(request.table(), &next);
    if (table_of_next != nullptr) violations = ReplaceRows(request, &next, table_of_next);
  }
  if (!violations.empty()) return BadRequest(violations);
  const bool repeated = target.earlier.has_value();
  if (repeated && (target.earlier->table != request.table() ||
                   target.earlier->table_version != table->version())) {
    return RequestIdReused();
  }
  status = CheckEtag(request, now, repeated);
  if (!status.ok()) return status;
  response->set_version(table->version());
  if (request.validate_only()) {
    FillResource(now, response->mutable_pipeline());
    *response->mutable_pipeline()->mutable_pipeline() = changed;
    return grpc::Status::OK;
  }
  const AcknowledgementWait replicas(replicas_, request.name());
  int64_t generation = now.generation;
  // The same rows again are no change.
  if (!repeated && table->version() != version) {
    control::Proposal proposal;
    proposal.set_pipeline(request.name());
    proposal.set_request_id(request.request_id());
    proposal.set_expected_generation(now.generation);
    pipeline::StaticTable* const proposed = proposal.mutable_table()->mutable_table();
    proposed->set_name(table->name());
    proposed->set_version(table->version());
    *proposed->mutable_rows() = table->rows();
    ControlVerdict verdict;
    status = proposer_.Propose(
        std::move(proposal), !request.etag().empty(),
        [](const ControlledPipeline&, control::Proposal*) {}, call, &verdict);
    if (!status.ok()) return status;
    generation = verdict.generation;
  }
  AwaitReplicas(replicas, generation, response);
  FillResource(log_->Find(request.name()).value_or(now), response->mutable_pipeline());
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::FillProgress(const std::string& replica, ProgressReport* report,
                                               v1::Progress* progress) const {
  const absl::optional<ControlledPipeline> found = log_->Find(report->name());
  if (!found.has_value()) return NoSuchPipeline(report->name());
  std::vector<windrow::status::v1::ReplicaStatus> replicas = replicas_->Alive();
  if (!replica.empty()) {
    const std::string& wanted = replica == "-" ? replica_ : replica;
    replicas.erase(std::remove_if(replicas.begin(), replicas.end(),
                                  [&](const auto& one) { return one.replica() != wanted; }),
                   replicas.end());
    if (replicas.empty()) return NoSuchReplica(replica);
  }
  *progress = report->Make(*found, replicas, absl::Now());
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::GetProgress(grpc::ServerContext*,
                                              const v1::GetProgressRequest* request,
                                              v1::GetProgressResponse* response) {
  ProgressReport report(request->name());
  return FillProgress(request->replica(), &report, response->mutable_progress());
}

grpc::Status PipelineServiceImpl::ExplainPipeline(grpc::ServerContext*,
                                                  const v1::ExplainPipelineRequest* request,
                                                  v1::ExplainPipelineResponse* response) {
  const absl::optional<ControlledPipeline> found = log_->Find(request->name());
  if (!found.has_value()) return NoSuchPipeline(request->name());
  const absl::optional<RunnerProgress> measured = progress_source_(request->name());
  if (!measured.has_value()) return PipelineNotRunHere(request->name(), replica_);
  v1::Explanation* const explanation = response->mutable_explanation();
  explanation->set_pipeline(request->name());
  explanation->set_replica(replica_);
  SetTime(absl::Now(), explanation->mutable_report_time());
  FillExplanation(PipelineOf(*found), measured->report, explanation);
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::ListReplicas(grpc::ServerContext*,
                                               const v1::ListReplicasRequest* request,
                                               v1::ListReplicasResponse* response) {
  if (request->page_size() < 0) return BadRequest({{"page_size", "must not be negative"}});
  const int page_size = request->page_size() == 0 ? 50 : std::min(request->page_size(), 1000);
  // A page token is the name that the next page begins with, behind a mark, in hexadecimal.
  std::string first = absl::HexStringToBytes(request->page_token());
  if (!request->page_token().empty()) {
    if (!absl::StartsWith(first, kReplicaMark)) return BadPageToken();
    first.erase(0, kReplicaMark.size());
  }
  for (KnownReplica& known : replicas_->Known()) {
    if (known.status.replica() < first) continue;
    if (response->replicas_size() == page_size) {
      response->set_next_page_token(
          absl::BytesToHexString(absl::StrCat(kReplicaMark, known.status.replica())));
      break;
    }
    v1::Replica* const replica = response->add_replicas();
    SetDuration(ToTime(known.status.report_time()) - ToTime(known.status.start_time()),
                replica->mutable_uptime());
    replica->set_alive(known.alive);
    *replica->mutable_status() = std::move(known.status);
  }
  return grpc::Status::OK;
}

grpc::Status PipelineServiceImpl::WatchProgress(
    grpc::ServerContext* context, const v1::WatchProgressRequest* request,
    grpc::ServerWriter<v1::WatchProgressResponse>* writer) {
  absl::Duration interval = absl::Seconds(1);
  if (request->has_interval()) {
    interval = ToDuration(request->interval());
    if (interval < absl::Milliseconds(100) || interval > absl::Minutes(1)) {
      return BadRequest({{"interval", "must be from 0.1 to 60 seconds"}});
    }
  }
  ProgressReport report(request->name());
  while (!context->IsCancelled() && !stopping_) {
    v1::WatchProgressResponse response;
    const grpc::Status status =
        FillProgress(request->replica(), &report, response.mutable_progress());
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
