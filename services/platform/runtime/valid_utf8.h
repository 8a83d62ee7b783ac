#ifndef SERVICES_PLATFORM_RUNTIME_VALID_UTF8_H_
#define SERVICES_PLATFORM_RUNTIME_VALID_UTF8_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace windrow::runtime {

// Returns `text` with every byte that is not part of well-formed UTF-8 replaced by U+FFFD, cut to
// at most `max_bytes` (at least 3) between characters; "…" marks the cut. For text of foreign
// origin that goes into JSON or into a string field of a message, both of which must be UTF-8.
std::string ValidUtf8(absl::string_view text, size_t max_bytes);

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_VALID_UTF8_H_
