#include "services/platform/auth/principals.h"

#include <openssl/sha.h>

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace windrow::auth {
namespace {

constexpr size_t kHashDigits = 2 * SHA256_DIGEST_LENGTH;

absl::Status WrongLine(int line, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ": ", what));
}

std::string Sha256(absl::string_view text) {
  std::string hash(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(&hash[0]));
  return hash;
}

bool IsHash(absl::string_view digits) {
  return digits.size() == kHashDigits &&
         std::all_of(digits.begin(), digits.end(),
                     [](unsigned char c) { return absl::ascii_isxdigit(c); });
}

absl::optional<Principal> Find(const std::map<std::string, Principal, std::less<>>& all,
                               absl::string_view key) {
  const auto found = all.find(key);
  if (found == all.end()) return absl::nullopt;
  return found->second;
}

}  // namespace

absl::StatusOr<Principals> Principals::Parse(absl::string_view text) {
  Principals principals;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    // A certificate's subject may hold spaces.
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::MaxSplits(absl::ByAnyChar(" \t"), 1));
    const absl::optional<Role> role = ParseRole(words[0]);
    if (!role.has_value() || *role == Role::kAnyone) {
      return WrongLine(number, "must begin with a role: viewer, operator or admin");
    }
    const std::vector<absl::string_view> rest =
        absl::StrSplit(absl::StripAsciiWhitespace(words.size() == 2 ? words[1] : ""),
                       absl::MaxSplits(absl::ByAnyChar(" \t"), 1));
    if (rest.size() != 2) return WrongLine(number, "must be ROLE, NAME and sha256:… or cert:…");
    const Principal principal = {std::string(rest[0]), *role};
    absl::string_view mark = absl::StripAsciiWhitespace(rest[1]);
    bool is_new = false;
    if (absl::ConsumePrefix(&mark, "sha256:")) {
      if (!IsHash(mark)) return WrongLine(number, "sha256: needs 64 hexadecimal digits");
      is_new = principals.by_hash_.emplace(absl::HexStringToBytes(mark), principal).second;
    } else if (absl::ConsumePrefix(&mark, "cert:") && !mark.empty()) {
      is_new = principals.by_certificate_.emplace(std::string(mark), principal).second;
    } else {
      return WrongLine(number, "the third word must begin with sha256: or cert:");
    }
    if (!is_new) return WrongLine(number, "the same token or certificate stands above already");
  }
  return principals;
}

absl::optional<Principal> Principals::FindByToken(absl::string_view token) const {
  // By its hash: how long the search takes tells nothing of a token.
  return Find(by_hash_, Sha256(token));
}

absl::optional<Principal> Principals::FindByCertificateName(absl::string_view name) const {
  return Find(by_certificate_, name);
}

}  // namespace windrow::auth
