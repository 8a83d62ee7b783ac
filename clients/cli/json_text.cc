#include "clients/cli/json_text.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/platform/runtime/valid_utf8.h"

namespace windrow::cli {
namespace {

using ::windrow::results::v1::Field;

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

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

std::string ErrorName(results::v1::ValueError error) {
  return error == results::v1::VALUE_ERROR_OVERFLOW ? "overflow" : absl::StrCat("error ", error);
}

void AppendJsonCounts(const results::v1::ValueCounts& counts, std::string* json) {
  absl::string_view separator = "[";
  for (const results::v1::ValueCount& count : counts.counts()) {
    absl::StrAppend(json, separator, "{\"value\":");
    AppendJsonString(count.value(), json);
    absl::StrAppend(json, ",\"count\":", count.count(), "}");
    separator = ",";
  }
  absl::StrAppend(json, counts.counts().empty() ? "[]" : "]");
}

}  // namespace

std::string ShortestNumber(double value) {
  for (const int digits : {15, 16}) {
    std::string text = absl::StrFormat("%.*g", digits, value);
    if (std::strtod(text.c_str(), nullptr) == value) return text;
  }
  return absl::StrFormat("%.17g", value);
}

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
    case Field::kValueCounts:
      AppendJsonCounts(field.value_counts(), json);
      return;
    case Field::kError:
      absl::StrAppend(json, "{\"error\":\"", ErrorName(field.error()), "\"}");
      return;
    case Field::VALUE_NOT_SET:
      break;
  }
  absl::StrAppend(json, "null");
}

std::string PlainValue(const Field& field) {
  switch (field.value_case()) {
    case Field::kStringValue:
      return Printable(field.string_value());
    case Field::kValueCounts:
      return absl::StrJoin(field.value_counts().counts(), ", ",
                           [](std::string* out, const results::v1::ValueCount& count) {
                             absl::StrAppend(out, Printable(count.value()), " ", count.count());
                           });
    case Field::kError:
      return ErrorName(field.error());
    case Field::VALUE_NOT_SET:
      return "-";
    default:
      break;
  }
  std::string text;
  AppendJsonValue(field, &text);
  return text;
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
