#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/replay_call.h"

namespace windrow::cli {

void AddProducerResume(CommandLine* line) {
  line->Add("producer resume", "Goes on with a replay that is held", [](Command& command) {
    return DefineReplayCall<producer::v1::ResumeReplayRequest, producer::v1::ResumeReplayResponse>(
        command, &producer::v1::ProducerService::Stub::ResumeReplay, "  windrow producer resume");
  });
}

}  // namespace windrow::cli
