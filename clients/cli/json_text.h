#ifndef CLIENTS_CLI_JSON_TEXT_H_
#define CLIENTS_CLI_JSON_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::cli {

// Appends a JSON string. UTF-8 stays as it is; what is not UTF-8 becomes U+FFFD.
void AppendJsonString(absl::string_view text, std::string* json);

// Appends the value alone: text, whole number, the shortest number that reads back the same, truth
// value, null, [{"value":"a","count":3}] or {"error":"overflow"}.
void AppendJsonValue(const results::v1::Field& field, std::string* json);

// The shortest text that reads back as the same number.
std::string ShortestNumber(double value);

// The value for people: text as it is, null as "-", values with counts as "a 3, b 1".
std::string PlainValue(const results::v1::Field& field);

// Replaces what would move a terminal's cursor or change its colours: control characters become
// "\xNN", what is not UTF-8 becomes U+FFFD.
std::string Printable(absl::string_view text);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_JSON_TEXT_H_
