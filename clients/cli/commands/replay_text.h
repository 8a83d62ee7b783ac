#ifndef CLIENTS_CLI_COMMANDS_REPLAY_TEXT_H_
#define CLIENTS_CLI_COMMANDS_REPLAY_TEXT_H_

#include <string>

#include "windrow/producer/v1/producer_service.pb.h"

namespace windrow::cli {

// "running", "done", ...
std::string ReplayStateText(producer::v1::Replay::State state);

// Prints a replay to standard output, in one line.
void PrintReplay(const producer::v1::Replay& replay, const std::string& format);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_REPLAY_TEXT_H_
