#ifndef CLIENTS_CLI_PROFILES_H_
#define CLIENTS_CLI_PROFILES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace windrow::cli {

// Named sets of what the global options say, in a file of TOML's form:
//   current = "local"
//
//   [profile.local]
//   kafka = "127.0.0.1:9092"
//   output = "yaml"
// A plain value.
struct Profiles {
  // By key; what a profile does not name keeps its default.
  using Profile = std::map<std::string, std::string>;

  // The one that is used when nobody names one; empty for none.
  std::string current;
  std::map<std::string, Profile> by_name;

  // $XDG_CONFIG_HOME/windrow/profiles.toml, or ~/.config/windrow/profiles.toml; empty when neither
  // variable is set.
  static std::string Path();

  // What a profile may hold.
  static const std::vector<std::string>& Keys();

  // A usage error that says what is wrong, such as "no such key".
  static absl::Status Check(absl::string_view key, absl::string_view value);
  // Of letters, digits, '_' and '-'.
  static absl::Status CheckName(absl::string_view name);

  // No profiles when there is no such file; a usage error when it cannot be understood.
  static absl::StatusOr<Profiles> Read(const std::string& path);
  // Replaces the file, in one step; what was there beside the profiles, such as comments, is lost.
  absl::Status Write(const std::string& path) const;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_PROFILES_H_
