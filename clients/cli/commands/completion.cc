#include "clients/cli/completion.h"

#include <memory>
#include <string>

#include "clients/cli/commands/commands.h"
#include "clients/cli/output.h"

namespace windrow::cli {

void AddCompletion(CommandLine* line) {
  line->Add("completion", "Prints what makes a shell complete command lines of windrow",
            [](Command& command) {
              const auto shell = std::make_shared<std::string>();
              command.Choice("SHELL", shell.get(), {"bash", "zsh", "fish"}, "Which shell");
              command.Require("SHELL");
              command.ManagesProfiles();
              command.Examples(
                  "  source <(windrow completion bash)\n"
                  "  windrow completion fish | source");
              return [shell](Session&) {
                Print(CompletionScript(*shell));
                return absl::OkStatus();
              };
            });
}

}  // namespace windrow::cli
