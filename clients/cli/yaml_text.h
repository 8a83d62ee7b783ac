#ifndef CLIENTS_CLI_YAML_TEXT_H_
#define CLIENTS_CLI_YAML_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace windrow::cli {

// The YAML (1.1, block style) of a JSON text, with the same values: text that YAML would take for
// something else is quoted. Empty for what is not JSON.
std::string YamlText(absl::string_view json);

// The same as an item of a list, "- a: 1\n  b: 2\n": items one after the other are a list.
std::string YamlItem(absl::string_view json);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_YAML_TEXT_H_
