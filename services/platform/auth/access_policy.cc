#include "services/platform/auth/access_policy.h"

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "services/platform/auth/default_policy.h"

namespace windrow::auth {
namespace {

constexpr std::array<std::pair<absl::string_view, Role>, 4> kRoles = {{
    {"anyone", Role::kAnyone},
    {"viewer", Role::kViewer},
    {"operator", Role::kOperator},
    {"admin", Role::kAdmin},
}};

absl::Status WrongLine(int line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what));
}

}  // namespace

absl::optional<Role> ParseRole(absl::string_view word) {
  for (const auto& [name, role] : kRoles) {
    if (name == word) return role;
  }
  return absl::nullopt;
}

absl::string_view RoleName(Role role) { return kRoles[static_cast<size_t>(role)].first; }

absl::StatusOr<AccessPolicy> AccessPolicy::Parse(absl::string_view text) {
  AccessPolicy policy;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = line.substr(0, line.find('#'));
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (words.empty()) continue;
    if (words.size() != 2) return WrongLine(number, "must be ROLE and METHOD");
    const absl::optional<Role> role = ParseRole(words[0]);
    if (!role.has_value()) {
      return WrongLine(
          number, absl::StrCat("'", words[0], "' is not a role: anyone, viewer, operator, admin"));
    }
    const std::vector<absl::string_view> parts = absl::StrSplit(words[1], '/');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
      return WrongLine(number, absl::StrCat("'", words[1], "' is not package.Service/Method"));
    }
    if (!policy.roles_.emplace(std::string(words[1]), *role).second) {
      return WrongLine(number, absl::StrCat("'", words[1], "' is named twice"));
    }
  }
  return policy;
}

AccessPolicy AccessPolicy::Default() { return *Parse(kDefaultPolicy); }

absl::optional<Role> AccessPolicy::RoleFor(absl::string_view method) const {
  method = absl::StripPrefix(method, "/");
  auto found = roles_.find(method);
  if (found == roles_.end()) {
    found = roles_.find(absl::StrCat(method.substr(0, method.find('/')), "/*"));
  }
  if (found == roles_.end()) return absl::nullopt;
  return found->second;
}

}  // namespace windrow::auth
