#include "clients/cli/command_reference.h"

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "clients/cli/exit_code.h"

namespace windrow::cli {
namespace {

constexpr char kIntroduction[] =
    "# The command line client\n"
    "\n"
    "<!-- Made by `dev/cli-reference`. Do not edit: change the commands in clients/cli. -->\n"
    "\n"
    "`windrow` is `bazel-bin/clients/cli/windrow` after a build. Data goes to standard output, "
    "everything else to\n"
    "standard error. Off a terminal (or with `TERM=dumb`) nothing is redrawn: long work says a "
    "plain line every few\n"
    "seconds instead. `NO_COLOR` and `--no-color` take colours away, `--color` forces them.\n"
    "\n"
    "## Output\n"
    "\n"
    "Every command that prints data has `-o`: `table` for people, `json` (lists: an object a "
    "line), `yaml` (the same\n"
    "values; lists are one list) and `csv` (RFC 4180 with a header; what lies deeper has its path "
    "for a name, lists\n"
    "are JSON). JSON of services is Protobuf's: 64-bit integers are text, and what is 0 or empty "
    "is left out; CSV has\n"
    "all columns. Four have none: `watch` is a screen (`results watch` prints its data), "
    "`completion` a script, and\n"
    "`profile set` and `profile use` print nothing.\n"
    "\n"
    "## Profiles and environment\n"
    "\n"
    "A flag wins over the environment, this over the profile, this over the default; `windrow "
    "profile show` tells\n"
    "which of them decided. Profiles are in `$XDG_CONFIG_HOME/windrow/profiles.toml`, or "
    "`~/.config` without it:\n"
    "\n"
    "    current = \"staging\"\n"
    "\n"
    "    [profile.staging]\n"
    "    kafka = \"kafka-1:9092,kafka-2:9092\"\n"
    "    query = \"windrow.staging:7003\"\n"
    "    output = \"yaml\"\n"
    "\n"
    "A profile may hold `kafka`, `producer`, `aggregator`, `query`, `pipeline` and `output`. "
    "Variables: `NO_COLOR`,\n"
    "`WINDROW_OUTPUT` (as `-o`), and those named below.\n"
    "\n"
    "## Completion\n"
    "\n"
    "    source <(windrow completion bash)       # in ~/.bashrc; zsh likewise\n"
    "    windrow completion fish | source        # in ~/.config/fish/config.fish\n"
    "\n"
    "The shell asks `windrow` itself, so that it offers what this version understands: commands, "
    "options, choices,\n"
    "and names of pipelines, views, topics, groups and profiles that there are.\n"
    "\n"
    "## Exit codes\n"
    "\n"
    "| code | |\n"
    "| --- | --- |\n";

// For a cell of a table.
std::string Cell(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"\n", " "}, {"<", "&lt;"}});
}

// "TEXT:{table,json}" as "table, json"; nothing for plain text.
std::string TypeText(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find('{');
  if (begin != std::string::npos) {
    return absl::StrReplaceAll(type.substr(begin + 1, type.rfind('}') - begin - 1), {{",", ", "}});
  }
  return absl::StrContains(type, "TEXT") ? "" : type;
}

std::string NamesText(const CLI::Option& option) {
  if (!option.nonpositional()) return absl::StrCat("`", option.get_name(), "`");
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames())
    names.push_back(absl::StrCat("`-", name, "`"));
  for (const std::string& name : option.get_lnames())
    names.push_back(absl::StrCat("`--", name, "`"));
  return absl::StrJoin(names, ", ");
}

std::string OptionLine(const CLI::Option& option) {
  std::vector<std::string> notes;
  if (option.get_required()) notes.push_back("required");
  const std::string type = TypeText(option);
  if (!type.empty()) notes.push_back(type);
  if (!option.get_default_str().empty()) {
    notes.push_back(absl::StrCat("default `", option.get_default_str(), "`"));
  }
  if (!option.get_envname().empty()) notes.push_back(absl::StrCat("`", option.get_envname(), "`"));
  return absl::StrCat("| ", NamesText(option), " | ", Cell(option.get_description()), " | ",
                      Cell(absl::StrJoin(notes, "; ")), " |\n");
}

// Without --help, which each command has.
std::string OptionTable(const CLI::App& app) {
  std::string lines;
  for (const bool positional : {true, false}) {
    for (const CLI::Option* const option : app.get_options()) {
      if (option->nonpositional() == positional || option->check_lname("help")) continue;
      absl::StrAppend(&lines, OptionLine(*option));
    }
  }
  return lines.empty() ? "" : absl::StrCat("\n| | | |\n| --- | --- | --- |\n", lines);
}

std::string Usage(const CLI::App& app, const std::string& name) {
  std::string usage = absl::StrCat("    ", name);
  bool options = false;
  for (const CLI::Option* const option : app.get_options()) {
    if (option->nonpositional()) {
      options = options || !option->check_lname("help");
      continue;
    }
    std::string argument = option->get_name();
    if (option->get_items_expected_max() > 1) argument += "...";
    absl::StrAppend(&usage, " ", option->get_required() ? argument : "[" + argument + "]");
  }
  return absl::StrCat(usage, options ? " [options]" : "", "\n");
}

std::string Examples(const CLI::App& app) {
  std::string examples;
  for (absl::string_view line : absl::StrSplit(app.get_footer(), '\n')) {
    if (absl::StartsWith(line, "  ")) absl::StrAppend(&examples, "    ", line.substr(2), "\n");
  }
  return examples.empty() ? "" : absl::StrCat("\nExamples:\n\n", examples);
}

void AppendCommand(const CLI::App& app, const std::string& outer, std::string* text) {
  const std::string name = absl::StrCat(outer, " ", app.get_name());
  const std::vector<const CLI::App*> verbs = app.get_subcommands(nullptr);
  if (verbs.empty()) {
    absl::StrAppend(text, "\n### ", name, "\n\n", app.get_description(), ".");
    for (const std::string& alias : app.get_aliases()) {
      absl::StrAppend(text, " The same as `", outer, " ", alias, "`.");
    }
    absl::StrAppend(text, "\n\n", Usage(app, name), OptionTable(app), Examples(app));
    return;
  }
  absl::StrAppend(text, "\n## ", name, "\n\n", app.get_description(), ".\n");
  for (const CLI::App* const verb : verbs) AppendCommand(*verb, name, text);
}

}  // namespace

std::string CommandReference(const CLI::App& root) {
  std::string text = kIntroduction;
  for (const auto& [code, meaning] : ExitCodes()) {
    absl::StrAppend(&text, "| ", code, " | ", meaning, " |\n");
  }
  absl::StrAppend(&text, "\n## Options of every command\n", OptionTable(root), "\n## Commands\n");
  const std::vector<const CLI::App*> all = root.get_subcommands(nullptr);
  for (const bool nouns : {false, true}) {
    for (const CLI::App* const app : all) {
      if (app->get_subcommands(nullptr).empty() != nouns) {
        AppendCommand(*app, root.get_name(), &text);
      }
    }
  }
  return text;
}

}  // namespace windrow::cli
