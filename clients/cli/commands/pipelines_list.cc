#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/pipeline_change.h"
#include "clients/cli/listing.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineResource;
using ::windrow::aggregator::v1::PipelineService;

std::vector<std::string> Cells(const PipelineResource& resource) {
  const pipeline::v1::Pipeline& pipeline = resource.pipeline();
  std::string views;
  for (const pipeline::v1::View& view : pipeline.views()) {
    absl::StrAppend(&views, views.empty() ? "" : ", ", view.id());
  }
  return {pipeline.name(),
          StateText(resource),
          IncarnationText(resource),
          pipeline.source_topic(),
          absl::StrCat(resource.generation()),
          views};
}

absl::Status Run(Session& session, const std::string& format) {
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  Listing listing(format, {{"PIPELINE"},
                           {"STATE"},
                           {"INCARNATION"},
                           {"SOURCE"},
                           {"GENERATION", TextTable::Align::kRight},
                           {"VIEWS"}});
  aggregator::v1::ListPipelinesRequest request;
  do {
    aggregator::v1::ListPipelinesResponse response;
    absl::Status status = session.Call(Service::kAggregator, *stub,
                                       &PipelineService::Stub::ListPipelines, request, &response);
    if (!status.ok()) return status;
    for (const PipelineResource& resource : response.pipelines()) {
      listing.Add(resource, [&resource] { return Cells(resource); });
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  listing.Finish(&PipelineResource::default_instance());
  return absl::OkStatus();
}

}  // namespace

void AddPipelinesList(CommandLine* line) {
  line->Add("pipelines list", "Lists the pipelines and their views", [](Command& command) {
    const auto format = std::make_shared<std::string>("table");
    command.Output(format.get());
    command.Examples("  windrow pipelines list\n  windrow pipelines list -o json");
    return [format](Session& session) { return Run(session, *format); };
  });
}

}  // namespace windrow::cli
