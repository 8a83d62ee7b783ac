#include "clients/cli/commands/choose_view.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/result_pages.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

// Ids of the views in the pipeline's order; by name when the aggregator does not tell.
absl::StatusOr<std::vector<std::string>> ViewIds(Session& session, const std::string& pipeline) {
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::GetPipelineRequest request;
  request.set_name(pipeline);
  aggregator::v1::GetPipelineResponse response;
  const absl::Status declared = session.Call(
      Service::kAggregator, *stub, &PipelineService::Stub::GetPipeline, request, &response);
  std::vector<std::string> ids;
  if (declared.ok()) {
    for (const auto& view : response.pipeline().pipeline().views()) ids.push_back(view.id());
    return ids;
  }
  const absl::StatusOr<std::vector<query::v1::View>> views = ResultPages(&session).Views(pipeline);
  if (!views.ok()) return views.status();
  for (const query::v1::View& view : *views) {
    ids.push_back(view.name().substr(view.name().rfind('/') + 1));
  }
  return ids.empty() ? declared : absl::StatusOr<std::vector<std::string>>(ids);
}

}  // namespace

absl::StatusOr<std::string> ChooseView(Session& session, const std::string& wanted) {
  const std::string name = session.ViewName(wanted);
  const std::string pipeline = name.substr(0, name.find("/views/"));
  const absl::StatusOr<std::vector<std::string>> ids = ViewIds(session, pipeline);
  if (!ids.ok()) return ids.status();
  if (wanted.empty() && !ids->empty()) return session.ViewName(ids->front());
  for (const std::string& id : *ids) {
    if (absl::StrCat(pipeline, "/views/", id) == name) return name;
  }
  return absl::NotFoundError(
      absl::StrCat(pipeline, " has no view \"", wanted, "\"; it has ", absl::StrJoin(*ids, ", ")));
}

}  // namespace windrow::cli
