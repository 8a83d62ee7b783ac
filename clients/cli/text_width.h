#ifndef CLIENTS_CLI_TEXT_WIDTH_H_
#define CLIENTS_CLI_TEXT_WIDTH_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace windrow::cli {

// Number of characters of well-formed UTF-8, each taken to be one column wide on a terminal.
size_t TextWidth(absl::string_view text);

// The longest beginning of `text` of at most `width` characters.
absl::string_view TextPrefix(absl::string_view text, size_t width);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_TEXT_WIDTH_H_
