#include "services/platform/runtime/flags.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/platform/runtime/version.h"

namespace windrow::runtime {
namespace {

// Abseil's own parser is not used: it exits 1 for --help and for errors, prints its own flags, and
// wants several lines for an error.

constexpr size_t kHelpWidth = 96;

std::string& ProgramName() {
  static std::string& name = *new std::string("windrow");
  return name;
}

// Flags of this program, by name.
std::vector<absl::CommandLineFlag*> ProgramFlags() {
  std::vector<absl::CommandLineFlag*> flags;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (flag->IsRetired() || absl::StrContains(flag->Filename(), "absl/")) continue;
    flags.push_back(flag);
  }
  std::sort(flags.begin(), flags.end(),
            [](const auto* a, const auto* b) { return a->Name() < b->Name(); });
  return flags;
}

// `text` in lines of kHelpWidth, each after `indent`.
std::string Wrapped(absl::string_view text, absl::string_view indent) {
  std::string out;
  size_t width = kHelpWidth + 1;
  for (const absl::string_view word :
       absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
    if (width + 1 + word.size() > kHelpWidth) {
      absl::StrAppend(&out, out.empty() ? "" : "\n", indent, word);
      width = indent.size() + word.size();
    } else {
      absl::StrAppend(&out, " ", word);
      width += 1 + word.size();
    }
  }
  return out;
}

[[noreturn]] void PrintHelpAndExit(absl::string_view usage) {
  std::cout << absl::StripTrailingAsciiWhitespace(usage) << "\n\nFlags:\n";
  for (const absl::CommandLineFlag* flag : ProgramFlags()) {
    const std::string value = flag->DefaultValue();
    std::cout << "  --" << flag->Name() << " (default: " << (value.empty() ? "empty" : value)
              << ")\n"
              << Wrapped(flag->Help(), "      ") << "\n";
  }
  std::cout << "  --help\n      Prints this and exits.\n"
            << "  --version\n      Prints the version and exits.\n"
            << std::flush;
  std::exit(0);
}

[[noreturn]] void PrintVersionAndExit() {
  std::cout << ProgramName() << " (Windrow) " << kVersion << std::endl;
  std::exit(0);
}

absl::CommandLineFlag* FindFlag(absl::string_view name) {
  // Both spellings: --log_format and --log-format.
  absl::CommandLineFlag* flag = absl::FindCommandLineFlag(absl::StrReplaceAll(name, {{"-", "_"}}));
  return flag == nullptr || flag->IsRetired() ? nullptr : flag;
}

void SetFlag(absl::CommandLineFlag& flag, absl::string_view value) {
  std::string error;
  if (flag.ParseFrom(value, &error)) return;
  // Abseil appends what the flag's own parser says after a semicolon.
  const std::vector<std::string> parts = absl::StrSplit(error, absl::MaxSplits("; ", 1));
  const std::string reason = parts.size() == 2 ? absl::StrCat(": ", parts[1]) : "";
  ExitWithUsageError(absl::StrCat("wrong value '", value, "' for --", flag.Name(), reason));
}

// A name that was meant, for a misspelt one: the only flag that begins with the same letters.
std::string Suggestion(absl::string_view name) {
  std::string found;
  for (const absl::CommandLineFlag* flag : ProgramFlags()) {
    if (!absl::StartsWith(flag->Name(), name.substr(0, 3))) continue;
    if (!found.empty()) return "";
    found = std::string(flag->Name());
  }
  return found.empty() ? "" : absl::StrCat("; did you mean --", found, "?");
}

// Takes the flag at argv[i] with its value; returns the index of the next argument.
int TakeFlag(int argc, char** argv, int i) {
  absl::string_view text = argv[i];
  text.remove_prefix(absl::StartsWith(text, "--") ? 2 : 1);
  const size_t equals = text.find('=');
  const absl::string_view name = text.substr(0, equals);
  if (absl::CommandLineFlag* flag = FindFlag(name)) {
    if (equals != absl::string_view::npos) {
      SetFlag(*flag, text.substr(equals + 1));
      return i + 1;
    }
    if (flag->IsOfType<bool>()) {
      SetFlag(*flag, "true");
      return i + 1;
    }
    if (i + 1 == argc) ExitWithUsageError(absl::StrCat("--", name, " needs a value"));
    SetFlag(*flag, argv[i + 1]);
    return i + 2;
  }
  if (equals == absl::string_view::npos && absl::StartsWith(name, "no")) {
    absl::CommandLineFlag* flag = FindFlag(name.substr(2));
    if (flag != nullptr && flag->IsOfType<bool>()) {
      SetFlag(*flag, "false");
      return i + 1;
    }
  }
  ExitWithUsageError(
      absl::StrCat("unknown flag --", name, Suggestion(name), " (--help lists all flags)"));
}

bool IsHostPort(absl::string_view text) {
  const size_t colon = text.rfind(':');
  int port = -1;
  return colon != absl::string_view::npos && colon > 0 &&
         absl::SimpleAtoi(text.substr(colon + 1), &port) && port >= 0 && port <= 65535;
}

// What the flags that every service has may hold.
void CheckSharedFlags() {
  if (const absl::CommandLineFlag* format = FindFlag("log_format")) {
    const std::string value = format->CurrentValue();
    if (value != "json" && value != "text") {
      ExitWithUsageError(absl::StrCat("--log_format must be json or text, not '", value, "'"));
    }
  }
  if (const absl::CommandLineFlag* listen = FindFlag("listen")) {
    const std::string value = listen->CurrentValue();
    if (!absl::StartsWith(value, "unix:") && !IsHostPort(value)) {
      ExitWithUsageError(
          absl::StrCat("--listen must be HOST:PORT, with a port of 0 to 65535, not '", value, "'"));
    }
  }
}

}  // namespace

void ParseFlagsOrExit(int argc, char** argv, absl::string_view usage) {
  const std::vector<absl::string_view> path = absl::StrSplit(argv[0], '/');
  ProgramName() = std::string(path.back());
  int i = 1;
  while (i < argc) {
    const absl::string_view argument = argv[i];
    if (argument == "--help" || argument == "-help" || argument == "-h") PrintHelpAndExit(usage);
    if (argument == "--version" || argument == "-version") PrintVersionAndExit();
    if (argument.size() < 2 || argument[0] != '-' || argument == "--") {
      ExitWithUsageError(absl::StrCat("unexpected argument '", argument, "'"));
    }
    i = TakeFlag(argc, argv, i);
  }
  CheckSharedFlags();
}

void ExitWithUsageError(absl::string_view message) {
  std::cerr << ProgramName() << ": " << message << std::endl;
  std::exit(2);
}

}  // namespace windrow::runtime
