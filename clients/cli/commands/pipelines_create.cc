#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/pipeline_change.h"
#include "clients/cli/output.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

struct CreateOptions {
  std::string file;
  std::shared_ptr<PipelineChangeOptions> change = std::make_shared<PipelineChangeOptions>();
};

absl::Status Run(Session& session, const CreateOptions& options) {
  const absl::StatusOr<pipeline::v1::Pipeline> pipeline = ReadPipelineFile(options.file);
  if (!pipeline.ok()) return pipeline.status();
  const absl::StatusOr<control::v1::StartPoint> start = ParseStart(options.change->from);
  if (!start.ok()) return start.status();
  aggregator::v1::CreatePipelineRequest request;
  *request.mutable_pipeline() = *pipeline;
  *request.mutable_start() = *start;
  request.set_validate_only(options.change->validate_only);
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::CreatePipelineResponse response;
  const absl::Status status = session.Call(
      Service::kAggregator, *stub, &PipelineService::Stub::CreatePipeline, request, &response);
  if (!status.ok()) return status;
  return FinishChange(session, response.pipeline(), "created", *options.change);
}

}  // namespace

void AddPipelinesCreate(CommandLine* line) {
  line->Add("pipelines create", "Creates the pipeline that a file declares, and starts it",
            [](Command& command) {
              const auto options = std::make_shared<CreateOptions>();
              command.Argument("FILE", &options->file, "Pipeline file; its tables are read, too");
              command.Option("--from", &options->change->from,
                             "Where to begin in the source topic: earliest, latest or a time, of "
                             "records' Kafka timestamps");
              command.Flag("--validate-only", &options->change->validate_only,
                           "Only check; nothing is created");
              command.Output(&options->change->format);
              command.Examples(
                  "  windrow pipelines create resources/pipelines/call_patterns.textproto\n"
                  "  windrow pipelines create my.textproto --validate-only\n"
                  "  windrow pipelines create my.textproto --from latest");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
