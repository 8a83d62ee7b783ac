#include "clients/cli/commands/catch_up.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/commands/worker_lag.h"
#include "clients/cli/progress_bar.h"
#include "services/platform/runtime/termination.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineResource;
using ::windrow::aggregator::v1::PipelineService;

constexpr absl::Duration kPause = absl::Milliseconds(300);

class CatchUp {
 public:
  CatchUp(Session* session, const PipelineResource& pipeline)
      : session_(*session),
        stub_(PipelineService::NewStub(session->Channel(Service::kAggregator))),
        name_(pipeline.pipeline().name()),
        number_(pipeline.next().number()) {}

  // Absent while nobody answers.
  std::optional<PipelineResource> Pipeline() {
    aggregator::v1::GetPipelineRequest request;
    request.set_name(name_);
    aggregator::v1::GetPipelineResponse response;
    const absl::Status status = session_.Call(
        Service::kAggregator, *stub_, &PipelineService::Stub::GetPipeline, request, &response);
    if (!status.ok()) return std::nullopt;
    return std::move(*response.mutable_pipeline());
  }

  // Records that the workers of the incarnation have not read; absent while no worker tells.
  std::optional<int64_t> Lag() {
    std::optional<int64_t> lag;
    aggregator::v1::ListReplicasRequest request;
    aggregator::v1::ListReplicasResponse response;
    const absl::Status status = session_.Call(
        Service::kAggregator, *stub_, &PipelineService::Stub::ListReplicas, request, &response);
    if (!status.ok()) return lag;
    for (const auto& replica : response.replicas()) {
      for (const auto& pipeline : replica.status().pipelines()) {
        if (!replica.alive() || pipeline.pipeline() != name_ || pipeline.incarnation() != number_) {
          continue;
        }
        for (const auto& worker : pipeline.workers()) {
          if (worker.sources_size() > 0) lag = lag.value_or(0) + WorkerLag(worker);
        }
      }
    }
    return lag;
  }

  const std::string& name() const { return name_; }
  int number() const { return number_; }

 private:
  Session& session_;
  const std::unique_ptr<PipelineService::Stub> stub_;
  const std::string name_;
  const int number_;
};

}  // namespace

absl::Status WaitUntilServed(Session& session, const PipelineResource& pipeline,
                             absl::Duration wait) {
  if (!pipeline.has_next()) return absl::OkStatus();
  const absl::Time deadline = absl::Now() + wait;
  CatchUp catch_up(&session, pipeline);
  ProgressBar bar(absl::StrCat("incarnation ", catch_up.number(), " catches up:"), "records");
  int64_t most = 0;
  while (true) {
    const std::optional<PipelineResource> now = catch_up.Pipeline();
    if (now.has_value() && now->served().number() == catch_up.number()) return absl::OkStatus();
    if (now.has_value() && now->next().number() != catch_up.number()) {
      return absl::AbortedError(absl::StrCat("incarnation ", catch_up.number(), " of ",
                                             catch_up.name(), " was replaced by another change"));
    }
    const int64_t lag = catch_up.Lag().value_or(most);
    most = std::max(most, lag);
    bar.Update(most - lag, most);
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError(absl::StrCat(
          "after ", absl::FormatDuration(wait), " incarnation ", catch_up.number(), " of ",
          catch_up.name(), " has not caught up; it goes on, and `windrow pipelines list` tells"));
    }
    if (runtime::WaitForTermination(kPause)) return Interrupted();
  }
}

}  // namespace windrow::cli
