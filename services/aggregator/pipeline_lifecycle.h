#ifndef SERVICES_AGGREGATOR_PIPELINE_LIFECYCLE_H_
#define SERVICES_AGGREGATOR_PIPELINE_LIFECYCLE_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <string>

#include "absl/types/optional.h"
#include "services/aggregator/control_call.h"
#include "services/aggregator/control_log.h"
#include "services/aggregator/control_proposer.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::aggregator {

// Creates, updates, restarts and deletes pipelines: the calls of PipelineService of these names.
// Thread-safe.
class PipelineLifecycle {
 public:
  // Both outlive it.
  PipelineLifecycle(const ControlLog* log, const ControlProposer* proposer)
      : log_(log), proposer_(proposer) {}

  grpc::Status Create(const v1::CreatePipelineRequest& request, ControlCall* call,
                      v1::CreatePipelineResponse* response) const;
  grpc::Status Update(const v1::UpdatePipelineRequest& request, ControlCall* call,
                      v1::UpdatePipelineResponse* response) const;
  grpc::Status Restart(const v1::RestartPipelineRequest& request, ControlCall* call,
                       v1::RestartPipelineResponse* response) const;
  grpc::Status Delete(const v1::DeletePipelineRequest& request, ControlCall* call,
                      v1::DeletePipelineResponse* response) const;

 private:
  // A change of what a pipeline computes, or of where it begins; see Change.
  struct Wanted;

  // Makes the proposal on top of what the pipeline is, again while others are faster and there is
  // no etag.
  grpc::Status Change(const Wanted& wanted, ControlCall* call,
                      v1::PipelineResource* resource) const;
  // The outcome of an earlier call with this request id; nullopt when there was none. Another
  // request under that id is refused.
  absl::optional<grpc::Status> Repeated(const std::string& request_id, const std::string& pipeline,
                                        ControlProposal::Kind kind, uint64_t fingerprint,
                                        ControlCall* call) const;
  grpc::Status FillNow(const std::string& name, v1::PipelineResource* resource) const;

  const ControlLog* const log_;
  const ControlProposer* const proposer_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_PIPELINE_LIFECYCLE_H_
