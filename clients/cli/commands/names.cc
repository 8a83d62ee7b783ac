#include <string>
#include <vector>

#include "absl/strings/strip.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/profiles.h"
#include "clients/cli/result_pages.h"
#include "services/platform/kafka/group_admin.h"
#include "services/platform/kafka/topic_admin.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

// Who presses the tab key does not want to wait.
constexpr absl::Duration kTimeout = absl::Seconds(2);

std::vector<std::string> Pipelines(Session& session) {
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::ListPipelinesResponse response;
  std::vector<std::string> names;
  if (!session
           .Call(Service::kAggregator, *stub, &PipelineService::Stub::ListPipelines,
                 aggregator::v1::ListPipelinesRequest(), &response, kTimeout)
           .ok()) {
    return names;
  }
  for (const auto& resource : response.pipelines()) {
    names.emplace_back(absl::StripPrefix(resource.pipeline().name(), "pipelines/"));
  }
  return names;
}

std::vector<std::string> Views(Session& session) {
  const auto stub = query::v1::QueryService::NewStub(session.Channel(Service::kQuery));
  query::v1::ListViewsRequest request;
  request.set_parent(session.PipelineName());
  query::v1::ListViewsResponse response;
  std::vector<std::string> names;
  if (!session
           .Call(Service::kQuery, *stub, &query::v1::QueryService::Stub::ListViews, request,
                 &response, kTimeout)
           .ok()) {
    return names;
  }
  for (const auto& view : response.views()) {
    names.push_back(view.name().substr(view.name().rfind('/') + 1));
  }
  return names;
}

std::vector<std::string> Topics(Session& session) {
  std::vector<std::string> names;
  const auto admin = kafka::TopicAdmin::Create(session.KafkaClient());
  if (!admin.ok()) return names;
  const auto topics = (*admin)->ListTopics(kTimeout);
  if (!topics.ok()) return names;
  for (const auto& topic : *topics) names.push_back(topic.name);
  return names;
}

std::vector<std::string> Groups(Session& session) {
  std::vector<std::string> names;
  const auto admin = kafka::GroupAdmin::Create(session.KafkaClient());
  if (!admin.ok()) return names;
  const auto groups = (*admin)->List(kTimeout);
  if (!groups.ok()) return names;
  for (const auto& group : *groups) names.push_back(group.name);
  return names;
}

std::vector<std::string> ProfileNames(Session&) {
  std::vector<std::string> names;
  const auto profiles = Profiles::Read(Profiles::Path());
  if (!profiles.ok()) return names;
  for (const auto& profile : profiles->by_name) names.push_back(profile.first);
  return names;
}

}  // namespace

void AddNames(CommandLine* line) {
  line->CompleteWith("PIPELINE", Pipelines);
  line->CompleteWith("VIEW", Views);
  line->CompleteWith("TOPIC", Topics);
  line->CompleteWith("GROUP", Groups);
  line->CompleteWith("PROFILE", ProfileNames);
}

}  // namespace windrow::cli
