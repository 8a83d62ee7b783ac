#ifndef CLIENTS_CLI_COMMAND_REFERENCE_H_
#define CLIENTS_CLI_COMMAND_REFERENCE_H_

#include <string>

namespace CLI {
class App;
}

namespace windrow::cli {

// docs/cli.md: every command of the tree with its arguments, options and examples, what the
// environment and profiles can set, and the exit codes. Markdown.
std::string CommandReference(const CLI::App& root);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMAND_REFERENCE_H_
