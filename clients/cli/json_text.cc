#include "clients/cli/json_text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/platform/runtime/valid_utf8.h"

namespace windrow::cli {
namespace {

using ::windrow::results::v1::Field;

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

std::string ShortestNumber(double value) {
  for (const int digits : {15, 16}) {
    std::string text = absl::StrFormat("%.*g", digits, value);
    if (std::strtod(text.c_str(), nullptr) == value) return text;
  }
  return absl::StrFormat("%.17g", value);
}

// Appends an escape for a character that JSON reserves; returns whether it did.
bool EscapeForJson(char c, std::string* out) {
  switch (c) {
    case '"':
      out->append("\\\"");
      return true;
    case '\\':
      out->append("\\\\");
      return true;
    case '\n':
      out->append("\\n");
      return true;
    case '\t':
      out->append("\\t");
      return true;
    default:
      if (static_cast<unsigned char>(c) >= 0x20) return false;
      absl::StrAppendFormat(out, "\\u%04x", c);
      return true;
  }
}

bool EscapeForTerminal(char c, std::string* out) {
  if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) return false;
  absl::StrAppendFormat(out, "\\x%02x", c);
  return true;
}

}  // namespace

void AppendJsonString(absl::string_view text, std::string* json) {
  json->push_back('"');
  for (const char c : runtime::ValidUtf8(text, kNoLimit)) {
    if (!EscapeForJson(c, json)) json->push_back(c);
  }
  json->push_back('"');
}

void AppendJsonValue(const Field& field, std::string* json) {
  switch (field.value_case()) {
    case Field::kStringValue:
      AppendJsonString(field.string_value(), json);
      return;
    case Field::kIntValue:
      absl::StrAppend(json, field.int_value());
      return;
    case Field::kDoubleValue:
      // JSON has no word for infinity.
      absl::StrAppend(json, std::isfinite(field.double_value())
                                ? ShortestNumber(field.double_value())
                                : "null");
      return;
    case Field::kBoolValue:
      absl::StrAppend(json, field.bool_value() ? "true" : "false");
      return;
    case Field::VALUE_NOT_SET:
      break;
  }
  absl::StrAppend(json, "null");
}

std::string PlainValue(const Field& field) {
  if (field.value_case() == Field::kStringValue) return Printable(field.string_value());
  if (field.value_case() == Field::VALUE_NOT_SET) return "-";
  std::string text;
  AppendJsonValue(field, &text);
  return text;
}

std::vector<const Field*> ShownValues(const google::protobuf::RepeatedPtrField<Field>& values) {
  std::vector<const Field*> shown;
  for (const Field& field : values) shown.push_back(&field);
  std::stable_partition(shown.begin(), shown.end(), [](const Field* field) {
    return field->value_case() == Field::kStringValue ||
           field->value_case() == Field::VALUE_NOT_SET;
  });
  return shown;
}

std::string Printable(absl::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : runtime::ValidUtf8(text, kNoLimit)) {
    if (!EscapeForTerminal(c, &result)) result.push_back(c);
  }
  return result;
}

}  // namespace windrow::cli
