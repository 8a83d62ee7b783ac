#ifndef SERVICES_AGGREGATOR_PIPELINE_SERVICE_H_
#define SERVICES_AGGREGATOR_PIPELINE_SERVICE_H_

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/control_call.h"
#include "services/aggregator/control_log.h"
#include "services/aggregator/control_proposer.h"
#include "services/aggregator/pipeline_lifecycle.h"
#include "services/aggregator/pipeline_runner.h"
#include "services/aggregator/progress_report.h"
#include "services/aggregator/replica_directory.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::aggregator {

// The gRPC service of the aggregator; see the proto. Thread-safe.
class PipelineServiceImpl final : public windrow::aggregator::v1::PipelineService::Service {
 public:
  // Progress of a pipeline in this replica by its name; nullopt when it does not run here.
  using ProgressSource = std::function<absl::optional<RunnerProgress>(const std::string& name)>;

  // `log` and `replicas` outlive the service.
  PipelineServiceImpl(ControlLog* log, std::string replica, ProgressSource progress_source,
                      const ReplicaDirectory* replicas);

  // Ends the streams, so that the server can stop.
  void Stop() { stopping_ = true; }

  grpc::Status CreatePipeline(grpc::ServerContext* context,
                              const v1::CreatePipelineRequest* request,
                              v1::CreatePipelineResponse* response) override;
  grpc::Status UpdatePipeline(grpc::ServerContext* context,
                              const v1::UpdatePipelineRequest* request,
                              v1::UpdatePipelineResponse* response) override;
  grpc::Status RestartPipeline(grpc::ServerContext* context,
                               const v1::RestartPipelineRequest* request,
                               v1::RestartPipelineResponse* response) override;
  grpc::Status DeletePipeline(grpc::ServerContext* context,
                              const v1::DeletePipelineRequest* request,
                              v1::DeletePipelineResponse* response) override;
  grpc::Status GetPipeline(grpc::ServerContext* context, const v1::GetPipelineRequest* request,
                           v1::GetPipelineResponse* response) override;
  grpc::Status ListPipelines(grpc::ServerContext* context, const v1::ListPipelinesRequest* request,
                             v1::ListPipelinesResponse* response) override;
  grpc::Status Reconfigure(grpc::ServerContext* context, const v1::ReconfigureRequest* request,
                           v1::ReconfigureResponse* response) override;
  grpc::Status PausePipeline(grpc::ServerContext* context, const v1::PausePipelineRequest* request,
                             v1::PausePipelineResponse* response) override;
  grpc::Status ResumePipeline(grpc::ServerContext* context,
                              const v1::ResumePipelineRequest* request,
                              v1::ResumePipelineResponse* response) override;
  grpc::Status DrainPipeline(grpc::ServerContext* context, const v1::DrainPipelineRequest* request,
                             v1::DrainPipelineResponse* response) override;
  grpc::Status UpdateTable(grpc::ServerContext* context, const v1::UpdateTableRequest* request,
                           v1::UpdateTableResponse* response) override;
  grpc::Status GetProgress(grpc::ServerContext* context, const v1::GetProgressRequest* request,
                           v1::GetProgressResponse* response) override;
  grpc::Status ExplainPipeline(grpc::ServerContext* context,
                               const v1::ExplainPipelineRequest* request,
                               v1::ExplainPipelineResponse* response) override;
  grpc::Status WatchProgress(grpc::ServerContext* context, const v1::WatchProgressRequest* request,
                             grpc::ServerWriter<v1::WatchProgressResponse>* writer) override;
  grpc::Status ListReplicas(grpc::ServerContext* context, const v1::ListReplicasRequest* request,
                            v1::ListReplicasResponse* response) override;

 private:
  // What a change is about.
  struct Target {
    ControlledPipeline pipeline;
    // The verdict on an earlier call with the same request id that was accepted.
    absl::optional<ControlVerdict> earlier;
  };

  // Looks for what the request is about; an error when there is no such pipeline, or its id stands
  // for a change of another pipeline or kind.
  template <typename Request>
  grpc::Status FindTarget(const Request& request, ControlProposal::Kind kind, ControlCall* call,
                          Target* target) const;
  // Request and Response are those of PausePipeline or ResumePipeline.
  template <typename Request, typename Response>
  grpc::Status SetPaused(const Request& request, bool paused, ControlCall* call,
                         Response* response);
  // Of the replica that is named, "-" for this one, or of all when none is.
  grpc::Status FillProgress(const std::string& replica, ProgressReport* report,
                            v1::Progress* progress) const;
  grpc::Status DoReconfigure(const v1::ReconfigureRequest& request, ControlCall* call,
                             v1::ReconfigureResponse* response);
  grpc::Status DoDrain(const v1::DrainPipelineRequest& request, ControlCall* call,
                       v1::DrainPipelineResponse* response);
  grpc::Status DoUpdateTable(const v1::UpdateTableRequest& request, ControlCall* call,
                             v1::UpdateTableResponse* response);

  ControlLog* const log_;
  const std::string replica_;
  const ProgressSource progress_source_;
  const ReplicaDirectory* const replicas_;
  const ControlProposer proposer_;
  const PipelineLifecycle lifecycle_;
  std::atomic<bool> stopping_{false};
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_PIPELINE_SERVICE_H_
