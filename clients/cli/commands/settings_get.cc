#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/settings_text.h"
#include "clients/cli/output.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

struct GetOptions {
  std::string pipeline;
  std::string format = "table";
};

absl::Status Run(Session& session, const GetOptions& options) {
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::GetPipelineRequest request;
  request.set_name(session.PipelineName(options.pipeline));
  aggregator::v1::GetPipelineResponse response;
  absl::Status status = session.Call(Service::kAggregator, *stub,
                                     &PipelineService::Stub::GetPipeline, request, &response);
  if (status.ok()) PrintSettings(response.pipeline(), options.format);
  return status;
}

}  // namespace

void AddSettingsGet(CommandLine* line) {
  line->Add("settings get", "Shows a pipeline's settings", [](Command& command) {
    const auto options = std::make_shared<GetOptions>();
    command.Argument("PIPELINE", &options->pipeline, "Pipeline; the one of --pipeline if empty",
                     false);
    command.Output(&options->format);
    command.Examples("  windrow settings get");
    return [options](Session& session) { return Run(session, *options); };
  });
}

}  // namespace windrow::cli
