#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/replay_call.h"

namespace windrow::cli {

void AddProducerStop(CommandLine* line) {
  line->Add(
      "producer stop", "Ends the replay once what was sent is acknowledged", [](Command& command) {
        return DefineReplayCall<producer::v1::StopReplayRequest, producer::v1::StopReplayResponse>(
            command, &producer::v1::ProducerService::Stub::StopReplay, "  windrow producer stop");
      });
}

}  // namespace windrow::cli
