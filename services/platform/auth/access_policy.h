#ifndef SERVICES_PLATFORM_AUTH_ACCESS_POLICY_H_
#define SERVICES_PLATFORM_AUTH_ACCESS_POLICY_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace windrow::auth {

// What a caller may do; each role may do what those before it may.
enum class Role { kAnyone, kViewer, kOperator, kAdmin };

// "viewer", ...; nothing for a word that is no role.
absl::optional<Role> ParseRole(absl::string_view word);
absl::string_view RoleName(Role role);

// Which role a method needs. A plain value.
class AccessPolicy {
 public:
  // A line for each method, `#` begins a comment:
  //
  //   viewer    windrow.query.v1.QueryService/*
  //   operator  windrow.aggregator.v1.PipelineService/Reconfigure
  //
  // A method by its name wins over `/*`. INVALID_ARGUMENT names the line that is wrong.
  static absl::StatusOr<AccessPolicy> Parse(absl::string_view text);

  // The shipped one, resources/auth/policy.txt.
  static AccessPolicy Default();

  // What is needed for "/package.Service/Method"; nothing when nobody may call it, as for a method
  // that is not named.
  absl::optional<Role> RoleFor(absl::string_view method) const;

 private:
  // By "package.Service/Method" or "package.Service/*".
  std::map<std::string, Role, std::less<>> roles_;
};

}  // namespace windrow::auth

#endif  // SERVICES_PLATFORM_AUTH_ACCESS_POLICY_H_
