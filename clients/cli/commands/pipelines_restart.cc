#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/pipeline_change.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

struct RestartOptions {
  std::string pipeline;
  std::shared_ptr<PipelineChangeOptions> change = std::make_shared<PipelineChangeOptions>();
};

absl::Status Run(Session& session, const RestartOptions& options) {
  const absl::StatusOr<control::v1::StartPoint> start = ParseStart(options.change->from);
  if (!start.ok()) return start.status();
  aggregator::v1::RestartPipelineRequest request;
  request.set_name(session.PipelineName(options.pipeline));
  *request.mutable_start() = *start;
  request.set_backfill_records_per_second(options.change->backfill_rate.value_or(0));
  request.set_etag(options.change->etag);
  request.set_validate_only(options.change->validate_only);
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::RestartPipelineResponse response;
  const absl::Status status = session.Call(
      Service::kAggregator, *stub, &PipelineService::Stub::RestartPipeline, request, &response);
  if (!status.ok()) return status;
  return FinishChange(session, response.pipeline(), "restarted", *options.change);
}

}  // namespace

void AddPipelinesRestart(CommandLine* line) {
  line->Add(
      "pipelines restart",
      "Computes a pipeline anew from a point of its source topic, beside what is served, which "
      "it replaces once it has caught up",
      [](Command& command) {
        const auto options = std::make_shared<RestartOptions>();
        command.Argument("PIPELINE", &options->pipeline, "Pipeline; the one of --pipeline if empty",
                         false);
        AddStartOptions(command, options->change);
        command.Require("--from");
        AddChangeOptions(command, options->change);
        command.Examples(
            "  windrow pipelines restart sf-calls --from earliest --backfill-rate 20000 --wait 1h\n"
            "  windrow pipelines restart sf-calls --from 2026-01-31T08:00:00Z");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
