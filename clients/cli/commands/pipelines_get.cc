#include <google/protobuf/text_format.h>

#include "clients/cli/commands/commands.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

struct GetOptions {
  std::string pipeline;
  std::string format = "file";
};

void PrintFile(const aggregator::v1::GetPipelineResponse& response) {
  pipeline::v1::Pipeline pipeline = response.pipeline().pipeline();
  for (auto& table : *pipeline.mutable_tables()) {
    // The rows are here, and the file may be elsewhere.
    table.clear_path();
    table.clear_version();
  }
  std::string text;
  google::protobuf::TextFormat::PrintToString(pipeline, &text);
  Print(text);
}

absl::Status Run(Session& session, const GetOptions& options) {
  aggregator::v1::GetPipelineRequest request;
  request.set_name(session.PipelineName(options.pipeline));
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::GetPipelineResponse response;
  const absl::Status status = session.Call(Service::kAggregator, *stub,
                                           &PipelineService::Stub::GetPipeline, request, &response);
  if (!status.ok()) return status;
  if (options.format == "table") {
    PrintRecord(options.format, response.pipeline());
  } else {
    PrintRecord(options.format, response.pipeline(), [&response] { PrintFile(response); });
  }
  return status;
}

}  // namespace

void AddPipelinesGet(CommandLine* line) {
  line->Add("pipelines get",
            "Prints a pipeline in the form of a pipeline file, or all of it with its state",
            [](Command& command) {
              const auto options = std::make_shared<GetOptions>();
              command.Argument("PIPELINE", &options->pipeline,
                               "Pipeline; the one of --pipeline if empty", false);
              command.Output(&options->format, {"file"});
              command.Examples(
                  "  windrow pipelines get sf-calls > my.textproto\n"
                  "  windrow pipelines get sf-calls -o json");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
