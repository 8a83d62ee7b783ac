#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/replay_text.h"
#include "clients/cli/output.h"
#include "clients/cli/progress_bar.h"
#include "services/platform/runtime/termination.h"
#include "windrow/producer/v1/producer_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::producer::v1::GetReplayRequest;
using ::windrow::producer::v1::GetReplayResponse;
using ::windrow::producer::v1::ProducerService;
using ::windrow::producer::v1::Replay;

constexpr absl::Duration kPause = absl::Milliseconds(100);

struct StatusOptions {
  bool wait = false;
  std::string format = "table";
};

bool IsActive(const Replay& replay) {
  return replay.state() == Replay::STATE_RUNNING || replay.state() == Replay::STATE_PAUSED;
}

absl::Status Run(Session& session, const StatusOptions& options) {
  if (options.wait) runtime::BlockTerminationSignals();
  const auto stub = ProducerService::NewStub(session.Channel(Service::kProducer));
  GetReplayResponse response;
  ProgressBar bar("replay:", "records sent");
  do {
    absl::Status status = session.Call(Service::kProducer, *stub, &ProducerService::Stub::GetReplay,
                                       GetReplayRequest(), &response);
    if (!status.ok()) return status;
    if (!options.wait || !IsActive(response.replay())) {
      PrintReplay(response.replay(), options.format);
      return options.wait && response.replay().state() == Replay::STATE_FAILED
                 ? absl::AbortedError(
                       absl::StrCat("the replay failed: ", response.replay().error()))
                 : absl::OkStatus();
    }
    bar.Update(response.replay().records_acknowledged(), response.replay().records_total());
  } while (!runtime::WaitForTermination(kPause));
  return Interrupted();
}

}  // namespace

void AddProducerStatus(CommandLine* line) {
  line->Add("producer status", "Shows the active or last replay", [](Command& command) {
    const auto options = std::make_shared<StatusOptions>();
    command.Flag("--wait", &options->wait,
                 "Wait until the replay has ended; exit code 74 (ABORTED) when it failed");
    command.Output(&options->format);
    command.Examples("  windrow producer status\n  windrow producer status --wait -o json");
    return [options](Session& session) { return Run(session, *options); };
  });
}

}  // namespace windrow::cli
