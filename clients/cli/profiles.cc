#include "clients/cli/profiles.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clients/cli/output.h"
#include "clients/cli/session.h"

namespace windrow::cli {
namespace {

constexpr char kTable[] = "profile";
constexpr char kCurrent[] = "current";
constexpr size_t kLongestName = 64;

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool IsAddress(absl::string_view value) {
  return value.find(':') != absl::string_view::npos &&
         std::all_of(value.begin(), value.end(), [](char c) {
           return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '"' && c != '\'' &&
                  c != '#';
         });
}

bool IsName(absl::string_view text) {
  return !text.empty() && text.size() <= kLongestName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
         });
}

// Takes over one `key = value`.
absl::Status Take(const CLI::ConfigItem& item, Profiles* profiles) {
  if (item.inputs.size() != 1) {
    return UsageError(absl::StrCat(item.name, " has several values: put them in quotes"));
  }
  const std::string& value = item.inputs.front();
  if (item.parents.empty() && item.name == kCurrent) {
    profiles->current = value;
    return absl::OkStatus();
  }
  if (item.parents.size() != 2 || item.parents[0] != kTable) {
    return UsageError(absl::StrCat("\"", item.fullname(),
                                   "\" is not known: there are `current` and [profile.NAME]"));
  }
  absl::Status status = Profiles::CheckName(item.parents[1]);
  if (status.ok()) status = Profiles::Check(item.name, value);
  if (!status.ok()) return status;
  profiles->by_name[item.parents[1]][item.name] = value;
  return absl::OkStatus();
}

constexpr int kAddressKeys = 4;

// The library marks where tables begin and end.
bool IsMark(const CLI::ConfigItem& item) { return item.name == "++" || item.name == "--"; }

}  // namespace

std::string Profiles::Path() {
  std::string folder = Variable("XDG_CONFIG_HOME");
  if (folder.empty()) {
    const std::string home = Variable("HOME");
    if (home.empty()) return "";
    folder = absl::StrCat(home, "/.config");
  }
  return absl::StrCat(folder, "/windrow/profiles.toml");
}

const std::vector<std::string>& Profiles::Keys() {
  static const auto* const keys = new std::vector<std::string>{
      "kafka",  "producer", "aggregator", "query",      "pipeline",     "output",
      "tls-ca", "tls-cert", "tls-key",    "token-file", "kafka-config",
  };
  return *keys;
}

absl::Status Profiles::Check(absl::string_view key, absl::string_view value) {
  const auto& formats = OutputFormats();
  if (std::find(Keys().begin(), Keys().end(), key) == Keys().end()) {
    return UsageError(
        absl::StrCat("a profile has no \"", key, "\"; it may have ", absl::StrJoin(Keys(), ", ")));
  }
  if (key == "output" && std::find(formats.begin(), formats.end(), value) == formats.end()) {
    return UsageError(
        absl::StrCat("output \"", value, "\" is none of ", absl::StrJoin(formats, ", ")));
  }
  if (key == "pipeline" && !IsName(value)) {
    return UsageError(absl::StrCat("pipeline \"", value, "\" is not the id of a pipeline"));
  }
  const std::vector<std::string>& keys = Keys();
  // The first ones are addresses.
  const bool is_address =
      std::find(keys.begin(), keys.begin() + kAddressKeys, key) != keys.begin() + kAddressKeys;
  if (is_address && !IsAddress(value)) {
    return UsageError(absl::StrCat(key, " \"", value, "\" is not an address such as host:7001"));
  }
  return absl::OkStatus();
}

absl::Status Profiles::CheckName(absl::string_view name) {
  if (IsName(name)) return absl::OkStatus();
  return UsageError(absl::StrCat("\"", name, "\" cannot name a profile: use up to ", kLongestName,
                                 " letters, digits, _ and -"));
}

absl::StatusOr<Profiles> Profiles::Read(const std::string& path) {
  Profiles profiles;
  std::error_code error;
  if (path.empty() || !std::filesystem::exists(path, error)) return profiles;
  std::ifstream file(path);
  if (!file) {
    return UsageError(absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  }
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_config(file);
  } catch (const CLI::Error& failure) {
    return UsageError(absl::StrCat(path, ": ", failure.what()));
  }
  for (const CLI::ConfigItem& item : items) {
    if (IsMark(item)) {
      // A profile may be empty.
      if (item.name == "++" && item.parents.size() == 2 && item.parents[0] == kTable) {
        profiles.by_name[item.parents[1]];
      }
      continue;
    }
    const absl::Status status = Take(item, &profiles);
    if (!status.ok()) return UsageError(absl::StrCat(path, ": ", status.message()));
  }
  return profiles;
}

absl::Status Profiles::Write(const std::string& path) const {
  if (path.empty()) return UsageError("set HOME or XDG_CONFIG_HOME: profiles are kept there");
  std::string text = "# Profiles of windrow; see `windrow profile --help`.\n";
  if (!current.empty()) absl::StrAppend(&text, kCurrent, " = \"", current, "\"\n");
  for (const auto& [name, profile] : by_name) {
    absl::StrAppend(&text, "\n[", kTable, ".", name, "]\n");
    for (const auto& [key, value] : profile) absl::StrAppend(&text, key, " = \"", value, "\"\n");
  }
  const std::string part = absl::StrCat(path, ".part.", getpid());
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  std::ofstream file(part);
  file << text;
  file.close();
  if (file) std::filesystem::rename(part, path, error);
  if (!file || error) {
    const int code = errno;
    unlink(part.c_str());
    return absl::UnavailableError(absl::StrCat("cannot write ", path, ": ", std::strerror(code)));
  }
  return absl::OkStatus();
}

}  // namespace windrow::cli
