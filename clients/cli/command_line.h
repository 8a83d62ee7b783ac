#ifndef CLIENTS_CLI_COMMAND_LINE_H_
#define CLIENTS_CLI_COMMAND_LINE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cli/session.h"

namespace CLI {
class App;
}

namespace windrow::cli {

// What a command does once its line has been parsed. UsageError() ends the program with exit code
// 2, any other error with 1.
using CommandBody = std::function<absl::Status(Session&)>;

// The options and arguments of one command. The pointers must live until the command has run: the
// command's body owns what they point into. The value found there is the default shown by --help.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  // A value without a dash, by position.
  void Argument(const std::string& name, std::string* value, const std::string& help,
                bool required = true);
  // Any number of values, none included.
  void Arguments(const std::string& name, std::vector<std::string>* values, const std::string& help,
                 const std::vector<std::string>& choices);
  // `--name VALUE`; names are separated by commas ("-o,--output").
  void Option(const std::string& names, std::string* value, const std::string& help);
  void Option(const std::string& names, int64_t* value, const std::string& help);
  void Option(const std::string& names, uint64_t* value, const std::string& help);
  void Option(const std::string& names, double* value, const std::string& help);
  // A length of time such as 500ms or 30s.
  void Option(const std::string& names, absl::Duration* value, const std::string& help);
  // Without a default: absent when it is not given.
  void Option(const std::string& names, std::optional<int64_t>* value, const std::string& help);
  void Option(const std::string& names, std::optional<double>* value, const std::string& help);
  void Option(const std::string& names, std::optional<absl::Duration>* value,
              const std::string& help);
  // One of several words.
  void Choice(const std::string& names, std::string* value, const std::vector<std::string>& choices,
              const std::string& help);
  // Present or not.
  void Flag(const std::string& names, bool* value, const std::string& help);
  // This option must be there.
  void Require(const std::string& name);
  // Shown at the end of --help, one example a line.
  void Examples(absl::string_view text);

 private:
  CLI::App* const app_;
};

// The command line `windrow [global options] NOUN VERB [options]`: parses it and runs the command
// it names. The only file that knows the parsing library, whose exceptions end here. One thread.
class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Defines a command: "topics tail", or a single word. `define` adds its options and returns the
  // body.
  void Add(absl::string_view path, const std::string& help,
           const std::function<CommandBody(Command&)>& define);
  // Describes a noun that commands were or will be added under.
  void DescribeNoun(const std::string& noun, const std::string& help);

  // Parses and runs; returns the exit code: 0, 1 for an error, 2 for a wrong command line. Messages
  // go to standard error, one line each.
  int Run(int argc, char** argv);

 private:
  CLI::App* Noun(const std::string& noun);

  std::unique_ptr<CLI::App> app_;
  std::map<std::string, CLI::App*> nouns_;  // Owned by app_.
  Session session_;
  CommandBody chosen_;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMAND_LINE_H_
