#ifndef SERVICES_AGGREGATOR_SOURCE_FILE_CONTENT_H_
#define SERVICES_AGGREGATOR_SOURCE_FILE_CONTENT_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace windrow::aggregator {

// The bytes of a file. NOT_FOUND when it cannot be read, INVALID_ARGUMENT when it is longer than
// `most`.
absl::StatusOr<std::string> ReadFileContent(const std::string& path, size_t most);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_FILE_CONTENT_H_
