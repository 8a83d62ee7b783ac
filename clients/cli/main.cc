// windrow: the command line client. See README.md, and `windrow --help`.
#include "clients/cli/command_line.h"
#include "clients/cli/commands/commands.h"
#include "services/platform/runtime/log.h"

int main(int argc, char** argv) {
  windrow::runtime::InitLog("windrow", "text", windrow::runtime::LogLevel::kError);
  windrow::cli::CommandLine line;
  windrow::cli::AddAllCommands(&line);
  return line.Run(argc, argv);
}
