#include <vector>

#include "absl/strings/str_split.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/pipeline_change.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

struct UpdateOptions {
  std::string file;
  std::string fields;
  std::shared_ptr<PipelineChangeOptions> change = std::make_shared<PipelineChangeOptions>();
};

absl::Status Run(Session& session, const UpdateOptions& options) {
  const absl::StatusOr<pipeline::v1::Pipeline> pipeline = ReadPipelineFile(options.file);
  if (!pipeline.ok()) return pipeline.status();
  const absl::StatusOr<control::v1::StartPoint> start = ParseStart(options.change->from);
  if (!start.ok()) return start.status();
  aggregator::v1::UpdatePipelineRequest request;
  *request.mutable_pipeline() = *pipeline;
  for (absl::string_view field : absl::StrSplit(options.fields, ',', absl::SkipWhitespace())) {
    request.mutable_update_mask()->add_paths(std::string(field));
  }
  *request.mutable_start() = *start;
  request.set_backfill_records_per_second(options.change->backfill_rate.value_or(0));
  request.set_etag(options.change->etag);
  request.set_validate_only(options.change->validate_only);
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::UpdatePipelineResponse response;
  const absl::Status status = session.Call(
      Service::kAggregator, *stub, &PipelineService::Stub::UpdatePipeline, request, &response);
  if (!status.ok()) return status;
  return FinishChange(session, response.pipeline(), "updated", *options.change);
}

}  // namespace

void AddPipelinesUpdate(CommandLine* line) {
  line->Add(
      "pipelines update",
      "Changes what a pipeline computes to what a file declares: computed anew beside what is "
      "served, and served once it has caught up",
      [](Command& command) {
        const auto options = std::make_shared<UpdateOptions>();
        options->fields = "*";
        command.Argument("FILE", &options->file, "Pipeline file; its tables are read, too");
        command.Option("--fields", &options->fields,
                       "Fields to change, such as views,watermark_delay; * for all but the "
                       "settings");
        AddStartOptions(command, options->change);
        AddChangeOptions(command, options->change);
        command.Examples(
            "  windrow pipelines update my.textproto --backfill-rate 20000\n"
            "  windrow pipelines update my.textproto --fields views --validate-only");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
