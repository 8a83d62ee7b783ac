#include "services/aggregator/pipeline_lifecycle.h"

#include <google/protobuf/util/message_differencer.h>

#include <functional>
#include <utility>
#include <vector>

#include "services/aggregator/control_error.h"
#include "services/aggregator/pipeline_definition.h"
#include "services/aggregator/pipeline_resource.h"
#include "services/aggregator/request_fingerprint.h"
#include "services/aggregator/source/pipeline_loader.h"

namespace windrow::aggregator {

namespace control = windrow::control::v1;
namespace pipeline = windrow::pipeline::v1;

using google::protobuf::util::MessageDifferencer;
using Kind = ControlProposal::Kind;

struct PipelineLifecycle::Wanted {
  std::string name;
  std::string etag;
  std::string request_id;
  uint64_t fingerprint = 0;
  bool validate_only = false;
  Kind kind = Kind::kNewIncarnation;
  // The proposal for the pipeline as it is now; nullopt when there is nothing to change. Adds what
  // is wrong with the request instead.
  std::function<absl::optional<control::Proposal>(const ControlledPipeline& now,
                                                  std::vector<rpc::FieldViolation>* violations)>
      make;
};

absl::optional<grpc::Status> PipelineLifecycle::Repeated(const std::string& request_id,
                                                         const std::string& pipeline, Kind kind,
                                                         uint64_t fingerprint,
                                                         ControlCall* call) const {
  if (request_id.empty()) return absl::nullopt;
  const absl::optional<ControlVerdict> outcome = log_->FindOutcome(request_id);
  if (!outcome.has_value()) return absl::nullopt;
  call->SetGenerations(outcome->generation, outcome->generation);
  const bool creates = kind == Kind::kCreate;
  // A creation that does not begin at the earliest record is an incarnation of nothing.
  const bool same_kind =
      outcome->kind == kind || (creates && outcome->kind == Kind::kNewIncarnation);
  if (outcome->pipeline != pipeline || !same_kind ||
      !ControlProposer::IsOfRequest(*outcome, fingerprint)) {
    return RequestIdReused();
  }
  if (outcome->accepted) return grpc::Status::OK;
  if (creates) return PipelineExists(pipeline);
  return EtagMismatch(absl::StrCat("\"", outcome->generation, "\""));
}

grpc::Status PipelineLifecycle::FillNow(const std::string& name,
                                        v1::PipelineResource* resource) const {
  const absl::optional<ControlledPipeline> now = log_->Find(name);
  if (!now.has_value()) return NoSuchPipeline(name);
  FillResource(*now, resource);
  return grpc::Status::OK;
}

grpc::Status PipelineLifecycle::Create(const v1::CreatePipelineRequest& request, ControlCall* call,
                                       v1::CreatePipelineResponse* response) const {
  const std::string& name = request.pipeline().name();
  call->SetPipeline(name);
  std::vector<rpc::FieldViolation> violations;
  pipeline::Pipeline made = NewDefinition(request, &violations);
  if (!violations.empty()) return BadRequest(violations);
  const uint64_t fingerprint = RequestFingerprint(request);
  const auto repeated = Repeated(request.request_id(), name, Kind::kCreate, fingerprint, call);
  if (repeated.has_value()) {
    return repeated->ok() ? FillNow(name, response->mutable_pipeline()) : *repeated;
  }
  const absl::optional<ControlledPipeline> found = log_->Find(name);
  if (found.has_value()) {
    call->SetGenerations(found->generation, found->generation);
    return PipelineExists(name);
  }
  control::Proposal proposal;
  proposal.set_pipeline(name);
  proposal.set_request_fingerprint(fingerprint);
  if (request.start().latest() || request.start().has_record_time()) {
    *proposal.mutable_new_incarnation()->mutable_pipeline() = std::move(made);
    *proposal.mutable_new_incarnation()->mutable_start() = request.start();
  } else {
    *proposal.mutable_create() = std::move(made);
  }
  if (request.validate_only()) {
    const absl::optional<ControlledPipeline> preview = log_->Preview(proposal);
    if (!preview.has_value()) return PipelineExists(name);
    FillResource(*preview, response->mutable_pipeline());
    return grpc::Status::OK;
  }
  ControlVerdict verdict;
  const grpc::Status status = proposer_->ProposeOnce(
      std::move(proposal), ControlProposer::RequestIdOf(request.request_id()), 0, call, &verdict);
  if (!status.ok()) return status;
  if (!verdict.accepted) return PipelineExists(name);
  return FillNow(name, response->mutable_pipeline());
}

grpc::Status PipelineLifecycle::Change(const Wanted& wanted, ControlCall* call,
                                       v1::PipelineResource* resource) const {
  const std::string request_id = ControlProposer::RequestIdOf(wanted.request_id);
  std::string etag;
  for (int attempt = 0; attempt < ControlProposer::kMaxAttempts; ++attempt) {
    const absl::optional<ControlledPipeline> now = log_->Find(wanted.name);
    if (!now.has_value()) return NoSuchPipeline(wanted.name);
    call->SetGenerations(now->generation, now->generation);
    etag = Etag(*now);
    std::vector<rpc::FieldViolation> violations;
    absl::optional<control::Proposal> proposal = wanted.make(*now, &violations);
    if (!violations.empty()) return BadRequest(violations);
    if (!wanted.etag.empty() && wanted.etag != etag) return EtagMismatch(etag);
    if (!proposal.has_value()) break;
    proposal->set_pipeline(wanted.name);
    proposal->set_request_fingerprint(wanted.fingerprint);
    proposal->set_expected_generation(now->generation);
    if (wanted.validate_only) {
      const absl::optional<ControlledPipeline> preview = log_->Preview(*proposal);
      if (preview.has_value() && resource != nullptr) FillResource(*preview, resource);
      return grpc::Status::OK;
    }
    ControlVerdict verdict;
    const grpc::Status status =
        proposer_->ProposeOnce(*std::move(proposal), request_id, attempt, call, &verdict);
    if (!status.ok()) return status;
    if (verdict.accepted) {
      return resource == nullptr ? grpc::Status::OK : FillNow(wanted.name, resource);
    }
    etag = absl::StrCat("\"", verdict.generation, "\"");
    if (!wanted.etag.empty() || attempt + 1 == ControlProposer::kMaxAttempts) {
      return EtagMismatch(etag);
    }
  }
  return FillNow(wanted.name, resource);
}

grpc::Status PipelineLifecycle::Update(const v1::UpdatePipelineRequest& request, ControlCall* call,
                                       v1::UpdatePipelineResponse* response) const {
  Wanted wanted;
  wanted.name = request.pipeline().name();
  wanted.etag = request.etag();
  wanted.request_id = request.request_id();
  wanted.fingerprint = RequestFingerprint(request);
  wanted.validate_only = request.validate_only();
  call->SetPipeline(wanted.name);
  const auto repeated =
      Repeated(wanted.request_id, wanted.name, wanted.kind, wanted.fingerprint, call);
  if (repeated.has_value()) {
    return repeated->ok() ? FillNow(wanted.name, response->mutable_pipeline()) : *repeated;
  }
  wanted.make =
      [&](const ControlledPipeline& now,
          std::vector<rpc::FieldViolation>* violations) -> absl::optional<control::Proposal> {
    pipeline::Pipeline before = PipelineOf(now.newest());
    before.clear_settings();
    pipeline::Pipeline changed = ChangedDefinition(request, before, violations);
    if (MessageDifferencer::Equals(before, changed)) return absl::nullopt;
    control::Proposal proposal;
    control::NewIncarnation* const incarnation = proposal.mutable_new_incarnation();
    *incarnation->mutable_pipeline() = std::move(changed);
    *incarnation->mutable_start() = request.start();
    incarnation->set_backfill_records_per_second(request.backfill_records_per_second());
    return proposal;
  };
  return Change(wanted, call, response->mutable_pipeline());
}

grpc::Status PipelineLifecycle::Restart(const v1::RestartPipelineRequest& request,
                                        ControlCall* call,
                                        v1::RestartPipelineResponse* response) const {
  Wanted wanted;
  wanted.name = request.name();
  wanted.etag = request.etag();
  wanted.request_id = request.request_id();
  wanted.fingerprint = RequestFingerprint(request);
  wanted.validate_only = request.validate_only();
  const auto repeated =
      Repeated(wanted.request_id, wanted.name, wanted.kind, wanted.fingerprint, call);
  if (repeated.has_value()) {
    return repeated->ok() ? FillNow(wanted.name, response->mutable_pipeline()) : *repeated;
  }
  wanted.make =
      [&](const ControlledPipeline& now,
          std::vector<rpc::FieldViolation>* violations) -> absl::optional<control::Proposal> {
    CheckStart(request.start(), true, violations);
    CheckBackfill(request.backfill_records_per_second(), violations);
    control::Proposal proposal;
    control::NewIncarnation* const incarnation = proposal.mutable_new_incarnation();
    *incarnation->mutable_pipeline() = PipelineOf(now.newest());
    incarnation->mutable_pipeline()->clear_settings();
    *incarnation->mutable_start() = request.start();
    incarnation->set_backfill_records_per_second(request.backfill_records_per_second());
    return proposal;
  };
  return Change(wanted, call, response->mutable_pipeline());
}

grpc::Status PipelineLifecycle::Delete(const v1::DeletePipelineRequest& request, ControlCall* call,
                                       v1::DeletePipelineResponse*) const {
  Wanted wanted;
  wanted.name = request.name();
  wanted.etag = request.etag();
  wanted.request_id = request.request_id();
  wanted.fingerprint = RequestFingerprint(request);
  wanted.validate_only = request.validate_only();
  wanted.kind = Kind::kDelete;
  const auto repeated =
      Repeated(wanted.request_id, wanted.name, wanted.kind, wanted.fingerprint, call);
  if (repeated.has_value()) return *repeated;
  wanted.make = [&](const ControlledPipeline&, std::vector<rpc::FieldViolation>*) {
    control::Proposal proposal;
    proposal.mutable_deletion()->set_delete_topics(request.delete_topics());
    return absl::make_optional(std::move(proposal));
  };
  return Change(wanted, call, nullptr);
}

}  // namespace windrow::aggregator
