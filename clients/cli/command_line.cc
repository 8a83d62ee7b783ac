#include "clients/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "clients/cli/command_reference.h"
#include "clients/cli/completion.h"
#include "clients/cli/exit_code.h"
#include "clients/cli/json_text.h"
#include "clients/cli/output.h"
#include "clients/cli/profiles.h"
#include "services/platform/runtime/version.h"

namespace windrow::cli {
namespace {

constexpr char kOutputVariable[] = "WINDROW_OUTPUT";

void PrintError(const std::string& message) {
  const char* const name = ErrorsHaveColor() ? "\x1b[1;31mwindrow:\x1b[0m " : "windrow: ";
  Note(absl::StrCat(name, Printable(message)));
}

// The innermost command that the line has reached: whose help is worth reading.
const CLI::App* Innermost(const CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

std::string FullName(const CLI::App* app) {
  std::string name = app->get_name();
  for (app = app->get_parent(); app != nullptr; app = app->get_parent()) {
    name = absl::StrCat(app->get_name(), " ", name);
  }
  return name;
}

// The library's messages may have several lines.
std::string OneLine(std::string text) {
  absl::StripAsciiWhitespace(&text);
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

CLI::Option* AddDuration(CLI::App* app, const std::string& names, const std::string& help,
                         std::function<void(absl::Duration)> take) {
  const auto parse = [names, take = std::move(take)](const std::string& text) {
    absl::Duration duration;
    if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration()) {
      throw CLI::ValidationError(
          names, absl::StrCat("\"", text, "\" is not a length of time such as 500ms or 30s"));
    }
    take(duration);
  };
  return app->add_option_function<std::string>(names, parse, help)->type_name("DURATION");
}

// The environment's name of a setting: WINDROW_TOKEN_FILE for token-file.
std::string VariableOf(const std::string& key) {
  return absl::StrCat("WINDROW_", absl::StrReplaceAll(absl::AsciiStrToUpper(key), {{"-", "_"}}));
}

}  // namespace

void Command::Argument(const std::string& name, std::string* value, const std::string& help,
                       bool required) {
  CLI::Option* option = app_->add_option(name, *value, help);
  if (required) option->required();
}

void Command::Arguments(const std::string& name, std::vector<std::string>* values,
                        const std::string& help, const std::vector<std::string>& choices) {
  CLI::Option* const option = app_->add_option(name, *values, help);
  if (!choices.empty()) option->check(CLI::IsMember(choices));
}

void Command::Option(const std::string& names, std::string* value, const std::string& help) {
  CLI::Option* option = app_->add_option(names, *value, help);
  if (!value->empty()) option->capture_default_str();
}

void Command::Option(const std::string& names, std::vector<std::string>* values,
                     const std::string& help) {
  app_->add_option(names, *values, help)->allow_extra_args(false);
}

void Command::Option(const std::string& names, int64_t* value, const std::string& help) {
  app_->add_option(names, *value, help)->capture_default_str();
}

void Command::Option(const std::string& names, uint64_t* value, const std::string& help) {
  app_->add_option(names, *value, help)->capture_default_str();
}

void Command::Option(const std::string& names, double* value, const std::string& help) {
  app_->add_option(names, *value, help)->capture_default_str();
}

void Command::Option(const std::string& names, std::optional<int64_t>* value,
                     const std::string& help) {
  app_->add_option_function<int64_t>(
      names, [value](int64_t given) { *value = given; }, help);
}

void Command::Option(const std::string& names, std::optional<double>* value,
                     const std::string& help) {
  app_->add_option_function<double>(
      names, [value](double given) { *value = given; }, help);
}

void Command::Option(const std::string& names, absl::Duration* value, const std::string& help) {
  AddDuration(app_, names, help, [value](absl::Duration given) {
    *value = given;
  })->default_str(absl::FormatDuration(*value));
}

void Command::Option(const std::string& names, std::optional<absl::Duration>* value,
                     const std::string& help) {
  AddDuration(app_, names, help, [value](absl::Duration given) { *value = given; });
}

void Command::Choice(const std::string& names, std::string* value,
                     const std::vector<std::string>& choices, const std::string& help) {
  app_->add_option(names, *value, help)->capture_default_str()->check(CLI::IsMember(choices));
}

void Command::Output(std::string* value, const std::vector<std::string>& more,
                     const std::string& help) {
  std::vector<std::string> choices = OutputFormats();
  choices.insert(choices.end(), more.begin(), more.end());
  Choice("-o,--output", value, choices, help);
  traits_->output = app_->get_option("--output");
  traits_->output_value = value;
  traits_->output_choices = std::move(choices);
}

void Command::Flag(const std::string& names, bool* value, const std::string& help) {
  app_->add_flag(names, *value, help);
}

void Command::Require(const std::string& name) { app_->get_option(name)->required(); }

void Command::Examples(absl::string_view text) { app_->footer(absl::StrCat("Examples:\n", text)); }

void Command::Alias(const std::string& name) { app_->alias(name); }

CommandLine::CommandLine()
    : app_(std::make_unique<CLI::App>(
          "Watches and steers a running Windrow: topics, views, windows, results and settings.\n"
          "Data goes to standard output, everything else to standard error.",
          "windrow")) {
  Session::Addresses& addresses = session_.addresses();
  AddSetting("kafka", "HOST:PORT", "Kafka broker", &addresses.kafka);
  AddSetting("producer", "HOST:PORT", "Producer service", &addresses.producer);
  AddSetting("aggregator", "HOST:PORT", "Aggregator service", &addresses.aggregator);
  AddSetting("query", "HOST:PORT", "Query service", &addresses.query);
  AddSetting("pipeline", "ID", "Pipeline", &session_.pipeline_id());
  Transport& transport = session_.transport();
  AddSetting("tls-ca", "FILE", "Who signs the services' certificates (PEM); turns TLS on",
             &transport.tls_ca);
  AddSetting("tls-cert", "FILE", "Own certificate (PEM)", &transport.tls_cert);
  AddSetting("tls-key", "FILE", "Its private key (PEM)", &transport.tls_key);
  AddSetting("token-file", "FILE", "File with a bearer token for the services",
             &transport.token_file);
  AddSetting("kafka-config", "FILE", "File of librdkafka properties, NAME=VALUE",
             &session_.kafka_config());
  app_->add_option("--profile", profile_, "Profile to use; see `windrow profile --help`")
      ->envname("WINDROW_PROFILE")
      ->take_last()
      ->type_name("NAME");
  CLI::Option* const color =
      app_->add_flag("--color", color_, "Colours, also where they would not be used by themselves");
  app_->add_flag("--no-color", no_color_, "No colours; NO_COLOR=1 does the same")->excludes(color);
  app_->set_version_flag("--version", absl::StrCat("windrow (Windrow) ", runtime::kVersion),
                         "Print the version and exit");
  app_->require_subcommand(1);
  app_->footer(
      "Examples:\n"
      "  windrow watch\n"
      "  windrow topics tail calls --from beginning --count 5\n"
      "  windrow results list calls-by-type --newest --limit 20\n"
      "  windrow settings set --parallelism 3\n"
      "`windrow NOUN --help` lists a noun's commands, `windrow NOUN VERB --help` explains one.\n"
      "What a flag does not say, WINDROW_* variables and then a profile do. Exit codes: 0 done, 2 "
      "wrong\ncommand line, 64 + N the gRPC status N, 130 interrupted; all of them are in "
      "docs/cli.md.");
}

CommandLine::~CommandLine() = default;

CLI::App* CommandLine::Noun(const std::string& noun) {
  CLI::App*& app = nouns_[noun];
  if (app == nullptr) {
    app = app_->add_subcommand(noun);
    app->require_subcommand(1);
    app->fallthrough();
  }
  return app;
}

void CommandLine::DescribeNoun(const std::string& noun, const std::string& help) {
  Noun(noun)->description(help);
}

void CommandLine::AddSetting(const std::string& key, const char* type, const std::string& help,
                             std::string* value) {
  CLI::Option* const option = app_->add_option("--" + key, *value, help)
                                  ->envname(VariableOf(key))
                                  ->capture_default_str()
                                  ->take_last()
                                  ->type_name(type);
  settings_.push_back({key, value, option});
}

void CommandLine::Add(absl::string_view path, const std::string& help,
                      const std::function<CommandBody(Command&)>& define) {
  const std::vector<std::string> words = absl::StrSplit(path, ' ');
  CLI::App* parent = words.size() == 1 ? app_.get() : Noun(words[0]);
  CLI::App* app = parent->add_subcommand(words.back(), help);
  app->fallthrough();  // Global options may also stand after the verb.
  traits_.push_back(std::make_unique<CommandTraits>());
  CommandTraits* const traits = traits_.back().get();
  Command command(app, traits);
  app->callback([this, traits, body = define(command)] {
    chosen_ = body;
    chosen_traits_ = traits;
  });
}

void CommandLine::CompleteWith(const std::string& name, NameSource source) {
  names_[name] = std::move(source);
}

absl::Status CommandLine::ApplyProfile(bool must_exist) {
  const std::string path = Profiles::Path();
  const absl::StatusOr<Profiles> profiles = Profiles::Read(path);
  if (!profiles.ok()) return profiles.status();
  const std::string name = profile_.empty() ? profiles->current : profile_;
  const auto found = profiles->by_name.find(name);
  if (!name.empty() && found == profiles->by_name.end() && must_exist) {
    return UsageError(absl::StrCat("there is no profile \"", name, "\" in ", path,
                                   "; `windrow profile list` names those there are"));
  }
  const Profiles::Profile profile =
      found == profiles->by_name.end() ? Profiles::Profile() : found->second;
  const auto of_profile = [&profile](const std::string& key) {
    const auto value = profile.find(key);
    return value == profile.end() ? "" : value->second;
  };
  session_.settings().push_back(
      {"profile", name, profile_.empty() ? "current" : "flag or WINDROW_PROFILE"});
  for (const GlobalSetting& setting : settings_) {
    const std::string value = of_profile(setting.key);
    std::string source = "default";
    if (setting.option->count() > 0) {
      source = absl::StrCat("flag or ", VariableOf(setting.key));
    } else if (!value.empty()) {
      *setting.value = value;
      source = absl::StrCat("profile ", name);
    }
    session_.settings().push_back({setting.key, *setting.value, source});
  }
  return ChooseOutput(of_profile("output"));
}

absl::Status CommandLine::ChooseOutput(const std::string& of_profile) {
  const char* const variable = std::getenv(kOutputVariable);
  const std::string of_environment = variable == nullptr ? "" : variable;
  if (!of_environment.empty() && !absl::c_linear_search(OutputFormats(), of_environment)) {
    return UsageError(absl::StrCat(kOutputVariable, " is \"", of_environment, "\", none of ",
                                   absl::StrJoin(OutputFormats(), ", ")));
  }
  const std::string wanted = of_environment.empty() ? of_profile : of_environment;
  session_.settings().push_back({"output", wanted,
                                 !of_environment.empty() ? kOutputVariable
                                 : !of_profile.empty()   ? "profile"
                                                         : "default"});
  // "table" leaves a command that prints something else by itself, such as a file, as it is.
  if (chosen_traits_ != nullptr && chosen_traits_->output != nullptr &&
      chosen_traits_->output->count() == 0 && !wanted.empty() && wanted != "table") {
    *chosen_traits_->output_value = wanted;
  }
  return absl::OkStatus();
}

int CommandLine::Fail(const absl::Status& status) const {
  if (!status.message().empty()) PrintError(OneLine(std::string(status.message())));
  return ExitCode(status);
}

int CommandLine::PrintCompletions(std::vector<std::string> words) {
  Completion completion = Complete(*app_, words);
  const auto source = names_.find(completion.names_of);
  if (source != names_.end()) {
    // The addresses may stand on the line.
    for (const GlobalSetting& setting : settings_) {
      const auto given = completion.globals.find("--" + setting.key);
      if (given != completion.globals.end())
        setting.option->add_result(given->second)->run_callback();
    }
    const auto profile = completion.globals.find("--profile");
    if (profile != completion.globals.end()) profile_ = profile->second;
    if (ApplyProfile(false).ok() && session_.ReadFiles().ok()) {
      for (std::string& name : source->second(session_)) completion.Offer(std::move(name), "");
    }
  }
  Print(completion.Text());
  FlushOutput();
  return kExitDone;
}

std::string CommandLine::Reference() const { return CommandReference(*app_); }

int CommandLine::Run(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "__complete") return PrintCompletions({argv + 2, argv + argc});
  if (first == "__markdown") {
    Print(Reference());
    FlushOutput();
    return kExitDone;
  }
  try {
    app_->parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help, --version
    return app_->exit(request);
  } catch (const CLI::ParseError& error) {
    PrintError(absl::StrCat(OneLine(error.what()), ". See `", FullName(Innermost(app_.get())),
                            " --help`."));
    return kExitUsage;
  }
  if (color_ || no_color_) SetColor(color_ ? Color::kAlways : Color::kNever);
  absl::Status status = ApplyProfile(!chosen_traits_->manages_profiles);
  if (status.ok()) status = session_.ReadFiles();
  if (!status.ok()) return Fail(status);
  status = chosen_(session_);
  FlushOutput();
  return status.ok() ? kExitDone : Fail(status);
}

}  // namespace windrow::cli
