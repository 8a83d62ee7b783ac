#include <limits>
#include <optional>

#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/settings_text.h"
#include "clients/cli/output.h"
#include "clients/cli/time_text.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;
using ::windrow::aggregator::v1::ReconfigureRequest;

// A million terabytes: more is a slip, and would not fit the message.
constexpr int64_t kMaxStateLimitMb = 1'000'000'000'000;

struct SetOptions {
  std::string pipeline;
  std::optional<int64_t> parallelism;
  std::optional<int64_t> rate;
  std::optional<absl::Duration> commit_interval;
  std::optional<int64_t> state_limit_mb;
  bool validate_only = false;
  std::string format = "table";
};

// Fills settings and mask; the service knows the limits, but for what does not fit the message.
absl::Status Fill(const SetOptions& options, ReconfigureRequest* request) {
  pipeline::v1::Settings* settings = request->mutable_settings();
  if (options.parallelism.has_value()) {
    if (*options.parallelism < 1 || *options.parallelism > std::numeric_limits<int32_t>::max()) {
      return UsageError("--parallelism must be 1 to 64");
    }
    settings->set_parallelism(static_cast<int32_t>(*options.parallelism));
    request->mutable_update_mask()->add_paths("parallelism");
  }
  if (options.rate.has_value()) {
    settings->set_records_per_second_per_partition(*options.rate);
    request->mutable_update_mask()->add_paths("records_per_second_per_partition");
  }
  if (options.commit_interval.has_value()) {
    *settings->mutable_commit_interval() = ToProtoDuration(*options.commit_interval);
    request->mutable_update_mask()->add_paths("commit_interval");
  }
  if (options.state_limit_mb.has_value()) {
    if (*options.state_limit_mb < 1 || *options.state_limit_mb > kMaxStateLimitMb) {
      return UsageError("--state-limit-mb must be 1 or more");
    }
    settings->set_state_limit_bytes(*options.state_limit_mb * 1'000'000);
    request->mutable_update_mask()->add_paths("state_limit_bytes");
  }
  if (request->update_mask().paths().empty()) {
    return UsageError(
        "nothing to change: give --parallelism, --rate, --commit-interval or --state-limit-mb");
  }
  return absl::OkStatus();
}

absl::Status Run(Session& session, const SetOptions& options) {
  ReconfigureRequest request;
  request.set_name(session.PipelineName(options.pipeline));
  request.set_validate_only(options.validate_only);
  absl::Status status = Fill(options, &request);
  if (!status.ok()) return status;
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::ReconfigureResponse response;
  status = session.Call(Service::kAggregator, *stub, &PipelineService::Stub::Reconfigure, request,
                        &response);
  if (status.ok()) PrintSettings(response.pipeline(), options.format);
  return status;
}

}  // namespace

void AddSettingsSet(CommandLine* line) {
  line->Add("settings set", "Changes settings while the pipeline runs; what is not named stays",
            [](Command& command) {
              const auto options = std::make_shared<SetOptions>();
              command.Argument("PIPELINE", &options->pipeline,
                               "Pipeline; the one of --pipeline if empty", false);
              command.Option("--parallelism", &options->parallelism,
                             "Workers per aggregator replica, 1 to 64");
              command.Option("--rate", &options->rate,
                             "Most records read per second from each partition; 0 for no limit");
              command.Option("--commit-interval", &options->commit_interval,
                             "Least time between two commits of a worker, 0s to 60s");
              command.Option("--state-limit-mb", &options->state_limit_mb,
                             "Most memory, in MB, for windows that can still change");
              command.Flag("--validate-only", &options->validate_only, "Only check");
              command.Choice("-o,--output", &options->format, OutputFormats(), "How to print");
              command.Examples(
                  "  windrow settings set --parallelism 3\n"
                  "  windrow settings set sf-calls --rate 1000 --commit-interval 100ms");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
