#include <optional>

#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/replay_call.h"
#include "clients/cli/commands/replay_text.h"
#include "windrow/producer/v1/producer_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::producer::v1::ProducerService;

struct RateOptions {
  std::optional<double> rate;
  std::optional<double> speedup;
  bool unlimited = false;
  std::string etag;
  std::string format = "table";
};

absl::Status Run(Session& session, const RateOptions& options) {
  if (options.rate.has_value() + options.speedup.has_value() + options.unlimited != 1) {
    return UsageError("give one of --rate, --speedup and --unlimited");
  }
  producer::v1::UpdatePaceRequest request;
  if (options.rate.has_value()) request.mutable_pace()->set_records_per_second(*options.rate);
  if (options.speedup.has_value()) request.mutable_pace()->set_speedup(*options.speedup);
  request.set_etag(options.etag);
  const auto stub = ProducerService::NewStub(session.Channel(Service::kProducer));
  producer::v1::UpdatePaceResponse response;
  absl::Status status = session.Call(Service::kProducer, *stub, &ProducerService::Stub::UpdatePace,
                                     request, &response);
  if (status.ok()) PrintReplay(response.replay(), options.format);
  return status;
}

}  // namespace

void AddProducerRate(CommandLine* line) {
  line->Add("producer rate", "Changes the pace of the active replay", [](Command& command) {
    const auto options = std::make_shared<RateOptions>();
    command.Option("--rate", &options->rate, "Records per second");
    command.Option("--speedup", &options->speedup, "Seconds of event time per second");
    command.Flag("--unlimited", &options->unlimited, "As fast as possible");
    AddReplayEtag(command, &options->etag);
    command.Output(&options->format);
    command.Examples("  windrow producer rate --rate 5000\n  windrow producer rate --unlimited");
    return [options](Session& session) { return Run(session, *options); };
  });
}

}  // namespace windrow::cli
