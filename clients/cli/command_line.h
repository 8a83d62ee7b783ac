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
class Option;
}  // namespace CLI

namespace windrow::cli {

// What a command does once its line has been parsed. exit_code.h says what its status becomes.
using CommandBody = std::function<absl::Status(Session&)>;

// Names that an argument may have at this moment, for completion; empty when they cannot be had.
using NameSource = std::function<std::vector<std::string>(Session&)>;

// What is special about a command.
struct CommandTraits {
  // Its `-o`; null without one.
  CLI::Option* output = nullptr;
  std::string* output_value = nullptr;
  std::vector<std::string> output_choices;
  // Runs although the profile that is chosen is missing.
  bool manages_profiles = false;
};

// The options and arguments of one command. The pointers must live until the command has run: the
// command's body owns what they point into. The value found there is the default shown by --help.
class Command {
 public:
  Command(CLI::App* app, CommandTraits* traits) : app_(app), traits_(traits) {}

  // A value without a dash, by position.
  void Argument(const std::string& name, std::string* value, const std::string& help,
                bool required = true);
  // Any number of values, none included; of `choices`, unless these are empty.
  void Arguments(const std::string& name, std::vector<std::string>* values, const std::string& help,
                 const std::vector<std::string>& choices);
  // `--name VALUE`; names are separated by commas ("-o,--output").
  void Option(const std::string& names, std::string* value, const std::string& help);
  // May be given several times, with one value each.
  void Option(const std::string& names, std::vector<std::string>* values, const std::string& help);
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
  // `-o,--output`: table, json, yaml, csv, and `more`. `*value` is what the command prints unless
  // the flag, WINDROW_OUTPUT or a profile says otherwise.
  void Output(std::string* value, const std::vector<std::string>& more = {},
              const std::string& help = "How to print");
  // Present or not.
  void Flag(const std::string& names, bool* value, const std::string& help);
  // This option must be there.
  void Require(const std::string& name);
  // Shown at the end of --help, one example a line.
  void Examples(absl::string_view text);
  // Another word for the command.
  void Alias(const std::string& name);
  // See CommandTraits.
  void ManagesProfiles() { traits_->manages_profiles = true; }

 private:
  CLI::App* const app_;
  CommandTraits* const traits_;
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

  // Completes arguments called `name`, such as "PIPELINE", with what `source` names.
  void CompleteWith(const std::string& name, NameSource source);

  // docs/cli.md, see command_reference.h.
  std::string Reference() const;

  // Parses and runs; returns the exit code. Messages go to standard error, one line each. There are
  // two words more than --help tells of, for other programs: `__complete WORD...` prints what the
  // last word may become (see completion.h), `__markdown` the reference of all commands.
  int Run(int argc, char** argv);

 private:
  // A global option that a profile may hold.
  struct GlobalSetting {
    std::string key;
    std::string* value;
    CLI::Option* option;
  };

  CLI::App* Noun(const std::string& noun);
  void AddSetting(const std::string& key, const char* type, const std::string& help,
                  std::string* value);
  // Takes over what neither flags nor the environment say from the profile, if there is one.
  absl::Status ApplyProfile(bool must_exist);
  absl::Status ChooseOutput(const std::string& of_profile);
  int Fail(const absl::Status& status) const;
  int PrintCompletions(std::vector<std::string> words);

  std::unique_ptr<CLI::App> app_;
  std::map<std::string, CLI::App*> nouns_;  // Owned by app_.
  std::vector<GlobalSetting> settings_;
  std::string profile_;
  bool color_ = false;
  bool no_color_ = false;
  std::vector<std::unique_ptr<CommandTraits>> traits_;
  std::map<std::string, NameSource> names_;
  Session session_;
  CommandBody chosen_;
  CommandTraits* chosen_traits_ = nullptr;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMAND_LINE_H_
