#include "services/aggregator/control_proposer.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/aggregator/control_error.h"
#include "services/aggregator/proto_time.h"

namespace windrow::aggregator {
namespace {

namespace control = windrow::control::v1;

constexpr absl::Duration kProposeTimeout = absl::Seconds(5);

}  // namespace

std::string ControlProposer::RequestIdOf(const std::string& request_id) {
  if (!request_id.empty()) return request_id;
  std::random_device random;
  return absl::StrFormat("%08x%08x%08x%08x", random(), random(), random(), random());
}

bool ControlProposer::IsOfRequest(const ControlVerdict& verdict, uint64_t fingerprint) {
  return verdict.request_fingerprint == 0 || fingerprint == 0 ||
         verdict.request_fingerprint == fingerprint;
}

grpc::Status ControlProposer::ProposeOnce(control::Proposal proposal, const std::string& request_id,
                                          int attempt, ControlCall* call,
                                          ControlVerdict* verdict) const {
  const absl::Duration timeout = call->TimeLeft(kProposeTimeout);
  // Nobody would hear of it.
  if (timeout == absl::ZeroDuration()) {
    return rpc::RpcError(grpc::StatusCode::DEADLINE_EXCEEDED, "the caller's deadline has passed",
                         kErrorDomain, "CALLER_GONE");
  }
  proposal.set_proposer(replica_);
  proposal.set_caller(call->caller());
  SetTime(absl::Now(), proposal.mutable_propose_time());
  proposal.set_request_id(ControlLog::RequestIdOfAttempt(request_id, attempt));
  const absl::StatusOr<ControlVerdict> applied =
      log_->Propose(proposal, timeout, call->trace_parent());
  if (!applied.ok()) return ControlLogUnavailable(applied.status());
  // Two calls under one id, at the same time.
  if (!IsOfRequest(*applied, proposal.request_fingerprint())) return RequestIdReused();
  *verdict = *applied;
  call->SetRequestId(proposal.request_id());
  call->SetGenerations(verdict->generation - (verdict->accepted ? 1 : 0), verdict->generation);
  return grpc::Status::OK;
}

grpc::Status ControlProposer::Propose(
    control::Proposal proposal, bool fixed_generation,
    absl::FunctionRef<void(const ControlledPipeline&, control::Proposal*)> rebase,
    ControlCall* call, ControlVerdict* verdict) const {
  const std::string request_id = RequestIdOf(proposal.request_id());
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    // Another writer may have been faster; a change that names no etag goes on top of theirs.
    const grpc::Status proposed = ProposeOnce(proposal, request_id, attempt, call, verdict);
    if (!proposed.ok() || verdict->accepted) return proposed;
    if (fixed_generation) break;
    const absl::optional<ControlledPipeline> now = log_->Find(proposal.pipeline());
    if (!now.has_value()) return NoSuchPipeline(proposal.pipeline());
    proposal.set_expected_generation(now->generation);
    rebase(*now, &proposal);
  }
  return EtagMismatch(absl::StrCat("\"", verdict->generation, "\""));
}

}  // namespace windrow::aggregator
