#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/replay_call.h"

namespace windrow::cli {

void AddProducerPause(CommandLine* line) {
  line->Add("producer pause", "Holds the replay where it is", [](Command& command) {
    return DefineReplayCall<producer::v1::PauseReplayRequest, producer::v1::PauseReplayResponse>(
        command, &producer::v1::ProducerService::Stub::PauseReplay, "  windrow producer pause");
  });
}

}  // namespace windrow::cli
