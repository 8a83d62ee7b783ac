#ifndef SERVICES_QUERY_CORE_SEALED_TEXT_H_
#define SERVICES_QUERY_CORE_SEALED_TEXT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace windrow::query {

// What a sealed text is for; one kind is never taken for the other.
enum class SealKind : char { kPageToken = 'p', kResumeToken = 'r' };

// Wraps bytes into an opaque, URL-safe text with a version and a checksum. The checksum finds
// damage and tinkering by hand; it is no signature, so a text must not carry any authority.
std::string Seal(SealKind kind, absl::string_view payload);

// The bytes of a sealed text; nothing when it is damaged, of another kind or another version.
std::optional<std::string> Unseal(SealKind kind, absl::string_view text);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_SEALED_TEXT_H_
