#ifndef SERVICES_PLATFORM_AUTH_PRINCIPALS_H_
#define SERVICES_PLATFORM_AUTH_PRINCIPALS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/platform/auth/access_policy.h"

namespace windrow::auth {

// Somebody who may call.
struct Principal {
  std::string name;
  Role role = Role::kViewer;
};

// Who is who: by the SHA-256 of a bearer token, or by a name in a client certificate. A plain value
// that holds no token.
class Principals {
 public:
  // A line for each, `#` begins a comment:
  //
  //   viewer    dashboard  sha256:9f86d081884c7d65...      (of the token, 64 hexadecimal digits)
  //   operator  alice      cert:alice.example.org          (common name, subject, or alternative
  //   name)
  //
  // INVALID_ARGUMENT names the line that is wrong, and nothing that is secret.
  static absl::StatusOr<Principals> Parse(absl::string_view text);

  // Whose token it is; nothing for a token of nobody.
  absl::optional<Principal> FindByToken(absl::string_view token) const;
  // Whose certificate it is by one of the names in it.
  absl::optional<Principal> FindByCertificateName(absl::string_view name) const;

  size_t size() const { return by_hash_.size() + by_certificate_.size(); }

 private:
  // By the hash's bytes.
  std::map<std::string, Principal, std::less<>> by_hash_;
  std::map<std::string, Principal, std::less<>> by_certificate_;
};

}  // namespace windrow::auth

#endif  // SERVICES_PLATFORM_AUTH_PRINCIPALS_H_
