#ifndef SERVICES_AGGREGATOR_CONTROL_PROPOSER_H_
#define SERVICES_AGGREGATOR_CONTROL_PROPOSER_H_

#include <grpcpp/grpcpp.h>

#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "services/aggregator/control_call.h"
#include "services/aggregator/control_log.h"
#include "windrow/control/v1/control.pb.h"

namespace windrow::aggregator {

// Puts what calls ask for into the control log, with who asked and who proposed. Thread-safe.
class ControlProposer {
 public:
  // Attempts of a change that may go on top of what was faster.
  static constexpr int kMaxAttempts = 10;

  // `log` outlives it.
  ControlProposer(ControlLog* log, std::string replica) : log_(log), replica_(std::move(replica)) {}

  // Proposes until it is accepted or, with a fixed generation, refused (ABORTED). Before it is
  // proposed again, `rebase` puts it on top of what the pipeline is by then.
  grpc::Status Propose(
      windrow::control::v1::Proposal proposal, bool fixed_generation,
      absl::FunctionRef<void(const ControlledPipeline&, windrow::control::v1::Proposal*)> rebase,
      ControlCall* call, ControlVerdict* verdict) const;

  // Proposes once, as one of the attempts of a request (which has an id, see RequestIdOf). OK with
  // the verdict, whatever it is.
  grpc::Status ProposeOnce(windrow::control::v1::Proposal proposal, const std::string& request_id,
                           int attempt, ControlCall* call, ControlVerdict* verdict) const;

  // The caller's id for its request, or a new one when there is none.
  static std::string RequestIdOf(const std::string& request_id);

  // Whether a verdict is on this request, and not on another one under its id; true when that is
  // not known.
  static bool IsOfRequest(const ControlVerdict& verdict, uint64_t fingerprint);

 private:
  ControlLog* const log_;
  const std::string replica_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CONTROL_PROPOSER_H_
