#include "clients/cli/completion.h"

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace windrow::cli {
namespace {

// __complete is asked in each case, so that what is offered is what this program understands.
constexpr char kBash[] = R"(# bash completion of windrow: source <(windrow completion bash)
_windrow() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files)
        compopt -o default 2>/dev/null
        ;;
      :*) ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _windrow windrow
)";

constexpr char kZsh[] = R"(#compdef windrow
# zsh completion of windrow: source <(windrow completion zsh)
_windrow() {
  local line files
  local -a offers
  while IFS= read -r line; do
    case $line in
      :files) files=1 ;;
      :*) ;;
      *) offers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#offers )) && _describe windrow offers
  [[ -n $files ]] && _files
}
compdef _windrow windrow
)";

constexpr char kFish[] = R"(# fish completion of windrow: windrow completion fish | source
function __windrow_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
    switch $line
      case ':files'
        __fish_complete_path (commandline -ct)
      case ':*'
      case '*'
        echo $line
    end
  end
end
complete -c windrow -f -a '(__windrow_complete)'
)";

// The words of a type like "TEXT:{table,json}".
std::vector<std::string> Choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find('{');
  const size_t end = type.rfind('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',');
}

// Whether a value is the name of a file, or of a folder.
bool TakesFile(const CLI::Option& option) {
  if (option.get_positional() && !option.nonpositional()) return option.get_name() == "FILE";
  return option.check_lname("file") || option.check_lname("dataset") || option.check_lname("dir");
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// Follows a command line from the root to its last word.
class Walk {
 public:
  explicit Walk(const CLI::App& root) : root_(root), app_(&root) {}

  void Step(const std::string& word) {
    if (waiting_ != nullptr) {
      // bash hands over `--name=value` as three words.
      if (word == "=") return;
      if (IsGlobal(*waiting_)) globals_["--" + waiting_->get_lnames().front()] = word;
      waiting_ = nullptr;
    } else if (absl::StartsWith(word, "-") && word.size() > 1) {
      StepOption(word);
    } else if (const CLI::App* const next = Subcommand(word)) {
      app_ = next;
      arguments_ = 0;
    } else {
      ++arguments_;
    }
  }

  Completion Finish(const std::string& word) {
    Completion completion;
    completion.globals = std::move(globals_);
    completion.prefix = word == "=" && waiting_ != nullptr ? "" : word;
    if (waiting_ != nullptr) {
      OfferValues(*waiting_, &completion);
    } else if (absl::StartsWith(word, "--") && absl::StrContains(word, "=")) {
      OfferAssignment(word, &completion);
    } else if (absl::StartsWith(word, "-")) {
      for (const CLI::App* app = app_; app != nullptr; app = app->get_parent()) {
        OfferOptions(*app, &completion);
      }
    } else {
      OfferSubcommands(&completion);
      OfferArgument(&completion);
    }
    return completion;
  }

 private:
  bool IsGlobal(const CLI::Option& option) const {
    const std::vector<const CLI::Option*> options = root_.get_options();
    return std::find(options.begin(), options.end(), &option) != options.end();
  }

  const CLI::App* Subcommand(const std::string& name) const {
    for (const CLI::App* const app : app_->get_subcommands(nullptr)) {
      if (app->check_name(name)) return app;
    }
    return nullptr;
  }

  // The option of that name, here or further out.
  const CLI::Option* Find(const std::string& name) const {
    for (const CLI::App* app = app_; app != nullptr; app = app->get_parent()) {
      for (const CLI::Option* const option : app->get_options()) {
        if (option->nonpositional() && option->check_name(name)) return option;
      }
    }
    return nullptr;
  }

  void StepOption(const std::string& word) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(word, absl::MaxSplits('=', 1));
    const CLI::Option* const option = Find(parts.first);
    if (option == nullptr || !TakesValue(*option)) return;
    if (!absl::StrContains(word, "=")) {
      waiting_ = option;
    } else if (IsGlobal(*option)) {
      globals_["--" + option->get_lnames().front()] = parts.second;
    }
  }

  static void OfferValues(const CLI::Option& option, Completion* completion) {
    for (std::string& choice : Choices(option)) completion->Offer(std::move(choice), "");
    completion->files = TakesFile(option);
    if (option.check_lname("pipeline")) completion->names_of = "PIPELINE";
    if (option.check_lname("profile")) completion->names_of = "PROFILE";
    if (option.check_lname("topic")) completion->names_of = "TOPIC";
  }

  void OfferAssignment(const std::string& word, Completion* completion) const {
    const std::string name = word.substr(0, word.find('='));
    const CLI::Option* const option = Find(name);
    if (option == nullptr) return;
    for (const std::string& choice : Choices(*option)) {
      completion->Offer(absl::StrCat(name, "=", choice), "");
    }
  }

  static void OfferOptions(const CLI::App& app, Completion* completion) {
    for (const CLI::Option* const option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        completion->Offer("--" + name, option->get_description());
      }
      for (const std::string& name : option->get_snames()) {
        if (completion->prefix == "-") completion->Offer("-" + name, option->get_description());
      }
    }
  }

  void OfferSubcommands(Completion* completion) const {
    for (const CLI::App* const app : app_->get_subcommands(nullptr)) {
      completion->Offer(app->get_name(), app->get_description());
    }
  }

  void OfferArgument(Completion* completion) const {
    int index = 0;
    for (const CLI::Option* const option : app_->get_options()) {
      if (!option->get_positional() || option->nonpositional()) continue;
      const bool is_last_of_many = option->get_items_expected_max() > 1;
      if (index++ != arguments_ && !is_last_of_many) continue;
      OfferValues(*option, completion);
      completion->names_of = option->get_name();
      return;
    }
  }

  const CLI::App& root_;
  const CLI::App* app_;
  // The option whose value comes next.
  const CLI::Option* waiting_ = nullptr;
  int arguments_ = 0;
  std::map<std::string, std::string> globals_;
};

}  // namespace

void Completion::Offer(std::string word, std::string help) {
  if (!absl::StartsWith(word, prefix)) return;
  for (const auto& offered : words) {
    if (offered.first == word) return;  // Such as --help, which every command has.
  }
  words.emplace_back(std::move(word), std::move(help));
}

std::string Completion::Text() const {
  std::string text;
  for (const auto& [word, help] : words) {
    // One line, and not a long one: a shell shows it beside the word.
    absl::StrAppend(&text, word, "\t", help.substr(0, help.find_first_of(";:\n")), "\n");
  }
  return absl::StrCat(text, files ? ":files\n" : ":words\n");
}

Completion Complete(const CLI::App& root, const std::vector<std::string>& words) {
  Walk walk(root);
  for (size_t i = 0; i + 1 < words.size(); ++i) walk.Step(words[i]);
  return walk.Finish(words.empty() ? "" : words.back());
}

std::string CompletionScript(const std::string& shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return "";
}

}  // namespace windrow::cli
