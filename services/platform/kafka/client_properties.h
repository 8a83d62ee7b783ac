#ifndef SERVICES_PLATFORM_KAFKA_CLIENT_PROPERTIES_H_
#define SERVICES_PLATFORM_KAFKA_CLIENT_PROPERTIES_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace windrow::kafka {

// librdkafka's properties, by its names, for security and whatever else: never on the command line,
// where everybody on the machine reads them.
using Properties = std::map<std::string, std::string>;

// Lines of NAME=VALUE; `#` at the beginning of a line is a comment. INVALID_ARGUMENT names the line
// that is wrong, and no value.
absl::StatusOr<Properties> ParseProperties(absl::string_view text);

// Properties of a file (unless `path` is empty), and of the environment, which wins:
// WINDROW_KAFKA_SASL_PASSWORD is sasl.password. `environment` holds NAME=VALUE and ends with null.
absl::StatusOr<Properties> ReadProperties(const std::string& path, const char* const* environment);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_CLIENT_PROPERTIES_H_
