#include "services/platform/kafka/client_properties.h"

#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace windrow::kafka {
namespace {

constexpr absl::string_view kPrefix = "WINDROW_KAFKA_";
// WINDROW_KAFKA_CONFIG names the file itself, for the command line client.
constexpr absl::string_view kOfConfig = "CONFIG";

}  // namespace

absl::StatusOr<Properties> ParseProperties(absl::string_view text) {
  Properties properties;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const size_t equals = line.find('=');
    if (equals == absl::string_view::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, ": must be NAME=VALUE"));
    }
    const absl::string_view name = absl::StripTrailingAsciiWhitespace(line.substr(0, equals));
    const absl::string_view value = absl::StripLeadingAsciiWhitespace(line.substr(equals + 1));
    if (!properties.emplace(std::string(name), std::string(value)).second) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", name, " again"));
    }
  }
  return properties;
}

absl::StatusOr<Properties> ReadProperties(const std::string& path, const char* const* environment) {
  Properties properties;
  if (!path.empty()) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
      return absl::NotFoundError(absl::StrCat("cannot read ", path));
    }
    absl::StatusOr<Properties> parsed = ParseProperties(text.str());
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ", ", parsed.status().message()));
    }
    properties = *std::move(parsed);
  }
  for (; *environment != nullptr; ++environment) {
    absl::string_view entry = *environment;
    if (!absl::ConsumePrefix(&entry, kPrefix)) continue;
    const size_t equals = entry.find('=');
    if (equals == absl::string_view::npos || equals == 0) continue;
    if (entry.substr(0, equals) == kOfConfig) continue;
    const std::string name =
        absl::StrReplaceAll(absl::AsciiStrToLower(entry.substr(0, equals)), {{"_", "."}});
    properties[name] = std::string(entry.substr(equals + 1));
  }
  return properties;
}

}  // namespace windrow::kafka
