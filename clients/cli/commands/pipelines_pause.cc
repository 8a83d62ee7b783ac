#include "absl/strings/str_cat.h"
#include "clients/cli/acknowledgement_text.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/listing.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineResource;
using ::windrow::aggregator::v1::PipelineService;

struct PauseOptions {
  std::string pipeline;
  std::string format = "json";
};

// Calls PausePipeline or ResumePipeline.
template <typename Request, typename Response, typename Method>
absl::Status Run(Session& session, const PauseOptions& options, Method method) {
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  Request request;
  request.set_name(session.PipelineName(options.pipeline));
  Response response;
  const absl::Status status = session.Call(Service::kAggregator, *stub, method, request, &response);
  if (!status.ok()) return status;
  const PipelineResource& resource = response.pipeline();
  PrintJsonRecord(options.format, absl::StrCat("{\"paused\":", resource.paused() ? "true" : "false",
                                               ",\"generation\":", resource.generation(),
                                               Acknowledgements::Of(response).JsonMembers(), "}"));
  return absl::OkStatus();
}

CommandBody Define(Command& command, const std::string& example,
                   absl::Status (*run)(Session&, const PauseOptions&)) {
  const auto options = std::make_shared<PauseOptions>();
  command.Argument("PIPELINE", &options->pipeline, "Pipeline; the one of --pipeline if empty",
                   false);
  command.Output(&options->format);
  command.Examples(example);
  return [options, run](Session& session) { return run(session, *options); };
}

}  // namespace

void AddPipelinesPause(CommandLine* line) {
  line->Add("pipelines pause", "Reads nothing more from the source topic, until it is resumed",
            [](Command& command) {
              return Define(command, "  windrow pipelines pause sf-calls",
                            [](Session& session, const PauseOptions& options) {
                              return Run<aggregator::v1::PausePipelineRequest,
                                         aggregator::v1::PausePipelineResponse>(
                                  session, options, &PipelineService::Stub::PausePipeline);
                            });
            });
}

void AddPipelinesResume(CommandLine* line) {
  line->Add("pipelines resume", "Lets a paused pipeline go on from where it was",
            [](Command& command) {
              return Define(command, "  windrow pipelines resume sf-calls",
                            [](Session& session, const PauseOptions& options) {
                              return Run<aggregator::v1::ResumePipelineRequest,
                                         aggregator::v1::ResumePipelineResponse>(
                                  session, options, &PipelineService::Stub::ResumePipeline);
                            });
            });
}

}  // namespace windrow::cli
