#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

struct DeleteOptions {
  std::string pipeline;
  std::string etag;
  bool topics = false;
  bool validate_only = false;
  std::string format = "table";
};

absl::Status Run(Session& session, const DeleteOptions& options) {
  aggregator::v1::DeletePipelineRequest request;
  request.set_name(session.PipelineName(options.pipeline));
  request.set_etag(options.etag);
  request.set_delete_topics(options.topics);
  request.set_validate_only(options.validate_only);
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::DeletePipelineResponse response;
  const absl::Status status = session.Call(
      Service::kAggregator, *stub, &PipelineService::Stub::DeletePipeline, request, &response);
  if (!status.ok()) return status;
  std::string json = "{\"name\":";
  AppendJsonString(request.name(), &json);
  absl::StrAppend(&json, ",\"deleted\":", options.validate_only ? "false" : "true", "}");
  PrintJsonRecord(options.format, json, [&request] {
    PrintLine(
        absl::StrCat(request.name(), " deleted", request.validate_only() ? " (only checked)" : ""));
  });
  return status;
}

}  // namespace

void AddPipelinesDelete(CommandLine* line) {
  line->Add("pipelines delete", "Ends a pipeline; its name may be used again, for another one",
            [](Command& command) {
              const auto options = std::make_shared<DeleteOptions>();
              command.Argument("PIPELINE", &options->pipeline, "Pipeline");
              command.Flag("--topics", &options->topics,
                           "Delete its topics, results included, and its consumer group, too");
              command.Option("--etag", &options->etag,
                             "Only if the pipeline has not changed since it had this etag");
              command.Flag("--validate-only", &options->validate_only,
                           "Only check; nothing is deleted");
              command.Output(&options->format);
              command.Examples(
                  "  windrow pipelines delete call-patterns\n"
                  "  windrow pipelines delete call-patterns --topics");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
