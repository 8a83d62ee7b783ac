#include <optional>

#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/listing.h"
#include "clients/cli/progress_bar.h"
#include "clients/cli/result_pages.h"
#include "services/platform/runtime/termination.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;

constexpr absl::Duration kPause = absl::Milliseconds(100);

struct DrainOptions {
  std::string pipeline;
  absl::Duration wait = absl::ZeroDuration();
  std::string format = "json";
};

// What the query service says of the pipeline; absent while it restarts, and is waited for.
std::optional<query::v1::PipelineStatus> StatusOf(ResultPages& pages, const std::string& pipeline) {
  const absl::StatusOr<query::v1::GetStatusResponse> response = pages.Status();
  if (!response.ok()) return std::nullopt;
  for (const query::v1::PipelineStatus& status : response->pipelines()) {
    if (status.pipeline() == pipeline) return status;
  }
  return std::nullopt;
}

absl::Status WaitUntilDrained(Session& session, const std::string& pipeline, int64_t generation,
                              absl::Duration wait) {
  const absl::Time deadline = absl::Now() + wait;
  ResultPages pages(&session);
  ProgressBar bar(absl::StrCat("drain of ", pipeline, ":"), "records read");
  while (true) {
    const std::optional<query::v1::PipelineStatus> status = StatusOf(pages, pipeline);
    if (status.has_value()) {
      // Whether it has every row of the drain.
      if (status->drain_generation() >= generation) return absl::OkStatus();
      bar.Update(status->records_read(), 0);
    }
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("after ", absl::FormatDuration(wait), " not every window of ", pipeline,
                       " is closed yet; `windrow progress` tells how far it is"));
    }
    if (runtime::WaitForTermination(kPause)) return Interrupted();
  }
}

absl::Status Run(Session& session, const DrainOptions& options) {
  if (options.wait > absl::ZeroDuration()) runtime::BlockTerminationSignals();
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::DrainPipelineRequest request;
  request.set_name(session.PipelineName(options.pipeline));
  aggregator::v1::DrainPipelineResponse response;
  absl::Status status = session.Call(Service::kAggregator, *stub,
                                     &PipelineService::Stub::DrainPipeline, request, &response);
  if (!status.ok()) return status;
  if (options.wait > absl::ZeroDuration()) {
    status = WaitUntilDrained(session, request.name(), response.drain_generation(), options.wait);
    if (!status.ok()) return status;
  }
  PrintJsonRecord(options.format,
                  absl::StrCat("{\"drain_generation\":", response.drain_generation(), "}"));
  return absl::OkStatus();
}

}  // namespace

void AddPipelinesDrain(CommandLine* line) {
  line->Add("pipelines drain",
            "Asks that all records now in the source topic be read and then every window be closed",
            [](Command& command) {
              const auto options = std::make_shared<DrainOptions>();
              command.Argument("PIPELINE", &options->pipeline,
                               "Pipeline; the one of --pipeline if empty", false);
              command.Option("--wait", &options->wait,
                             "Wait so long until the query service has every final row");
              command.Output(&options->format);
              command.Examples("  windrow pipelines drain --wait 5m");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
