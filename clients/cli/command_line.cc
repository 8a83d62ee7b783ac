#include "clients/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace windrow::cli {
namespace {

constexpr int kExitError = 1;
constexpr int kExitUsage = 2;

void PrintError(absl::string_view message) {
  std::fprintf(stderr, "windrow: %.*s\n", static_cast<int>(message.size()), message.data());
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

}  // namespace

void Command::Argument(const std::string& name, std::string* value, const std::string& help,
                       bool required) {
  CLI::Option* option = app_->add_option(name, *value, help);
  if (required) option->required();
}

void Command::Arguments(const std::string& name, std::vector<std::string>* values,
                        const std::string& help, const std::vector<std::string>& choices) {
  app_->add_option(name, *values, help)->check(CLI::IsMember(choices));
}

void Command::Option(const std::string& names, std::string* value, const std::string& help) {
  CLI::Option* option = app_->add_option(names, *value, help);
  if (!value->empty()) option->capture_default_str();
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

void Command::Flag(const std::string& names, bool* value, const std::string& help) {
  app_->add_flag(names, *value, help);
}

void Command::Require(const std::string& name) { app_->get_option(name)->required(); }

void Command::Examples(absl::string_view text) { app_->footer(absl::StrCat("Examples:\n", text)); }

CommandLine::CommandLine()
    : app_(std::make_unique<CLI::App>(
          "Watches and steers a running Windrow: topics, views, windows, results and settings.\n"
          "Data goes to standard output, everything else to standard error. Exit codes: 0 done, "
          "1 error, 2 wrong command line.",
          "windrow")) {
  Session::Addresses& addresses = session_.addresses();
  const auto address = [this](const std::string& name, const char* env, std::string* value,
                              const std::string& help) {
    app_->add_option(name, *value, help)
        ->envname(env)
        ->capture_default_str()
        ->take_last()
        ->type_name("HOST:PORT");
  };
  address("--kafka", "WINDROW_KAFKA", &addresses.kafka, "Kafka broker");
  address("--producer", "WINDROW_PRODUCER", &addresses.producer, "Producer service");
  address("--aggregator", "WINDROW_AGGREGATOR", &addresses.aggregator, "Aggregator service");
  address("--query", "WINDROW_QUERY", &addresses.query, "Query service");
  app_->add_option("--pipeline", session_.pipeline_id(), "Pipeline")
      ->envname("WINDROW_PIPELINE")
      ->capture_default_str()
      ->take_last()
      ->type_name("ID");
  app_->require_subcommand(1);
  app_->footer(
      "Examples:\n"
      "  windrow watch\n"
      "  windrow topics tail calls --from beginning --count 5\n"
      "  windrow results list calls-by-type --newest --limit 20\n"
      "  windrow settings set --parallelism 3\n"
      "`windrow NOUN --help` lists a noun's commands, `windrow NOUN VERB --help` explains one.");
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

void CommandLine::Add(absl::string_view path, const std::string& help,
                      const std::function<CommandBody(Command&)>& define) {
  const std::vector<std::string> words = absl::StrSplit(path, ' ');
  CLI::App* parent = words.size() == 1 ? app_.get() : Noun(words[0]);
  CLI::App* app = parent->add_subcommand(words.back(), help);
  app->fallthrough();  // Global options may also stand after the verb.
  Command command(app);
  app->callback([this, body = define(command)] { chosen_ = body; });
}

int CommandLine::Run(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help
    return app_->exit(request);
  } catch (const CLI::ParseError& error) {
    PrintError(absl::StrCat(OneLine(error.what()), ". See `", FullName(Innermost(app_.get())),
                            " --help`."));
    return kExitUsage;
  }
  const absl::Status status = chosen_(session_);
  if (status.ok()) return 0;
  PrintError(OneLine(std::string(status.message())));
  return IsUsageError(status) ? kExitUsage : kExitError;
}

}  // namespace windrow::cli
