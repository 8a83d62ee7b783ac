#ifndef TESTS_ORACLE_RESULT_LINES_H_
#define TESTS_ORACLE_RESULT_LINES_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace windrow::oracle {

// A record of the topic `results` as one line of JSON, its values such that no bit is lost: a
// double is the hexadecimal form of its 64 bits. DATA_LOSS when it is none, or its key is that of
// another.
absl::StatusOr<std::string> ResultLine(const std::string& key, const std::string& value);

// Text as a JSON string.
std::string JsonString(absl::string_view text);

}  // namespace windrow::oracle

#endif  // TESTS_ORACLE_RESULT_LINES_H_
