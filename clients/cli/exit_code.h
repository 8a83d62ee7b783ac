#ifndef CLIENTS_CLI_EXIT_CODE_H_
#define CLIENTS_CLI_EXIT_CODE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace windrow::cli {

// The code that `windrow` ends with, for scripts: these never change their meaning. 64 and the
// number of the gRPC status is what grpcurl uses, too.
constexpr int kExitDone = 0;
constexpr int kExitError = 1;
constexpr int kExitUsage = 2;
constexpr int kExitStatusBase = 64;
constexpr int kExitInterrupted = 130;
constexpr int kExitPipeClosed = 141;

int ExitCode(const absl::Status& status);

// All codes with what they mean, for people.
std::vector<std::pair<int, std::string>> ExitCodes();

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_EXIT_CODE_H_
