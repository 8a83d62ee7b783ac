#include "clients/cli/result_line.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "clients/cli/json_text.h"
#include "clients/cli/time_text.h"

namespace windrow::cli {
namespace {

using ::windrow::query::v1::Result;
using ::windrow::results::v1::Field;

void AppendMember(const Field& field, std::string* json) {
  AppendJsonString(field.name(), json);
  json->push_back(':');
  AppendJsonValue(field, json);
  json->push_back(',');
}

std::string ResultMembers(const Result& result) {
  std::string json =
      absl::StrCat("\"window_start\":\"", TimeText(result.window_start_time()),
                   "\",\"window_end\":\"", TimeText(result.window_end_time()), "\",");
  for (const Field& field : result.group()) AppendMember(field, &json);
  for (const Field& field : result.values()) AppendMember(field, &json);
  absl::StrAppend(&json, "\"final\":", result.final() ? "true" : "false",
                  ",\"revision\":", result.revision());
  return json;
}

// Negative, 0, positive. Values of different kinds are ordered by kind: null, truth values,
// numbers, text.
int Compare(const Field& left, const Field& right) {
  const auto kind = [](const Field& field) {
    switch (field.value_case()) {
      case Field::VALUE_NOT_SET:
        return 0;
      case Field::kBoolValue:
        return 1;
      case Field::kIntValue:
        return 2;
      case Field::kDoubleValue:
        return 3;
      default:
        break;
    }
    return 4;
  };
  // Values that are not set are 0 and empty, so comparing all of them compares the one that is.
  const auto key = [&kind](const Field& field) {
    return std::make_tuple(kind(field), field.bool_value(), field.int_value(),
                           field.double_value());
  };
  if (key(left) != key(right)) return key(left) < key(right) ? -1 : 1;
  return left.string_value().compare(right.string_value());
}

}  // namespace

std::string ResultLine(const Result& result) {
  return absl::StrCat("{", ResultMembers(result), "}");
}

std::string ChangeLine(const Result& result, bool retracted) {
  return absl::StrCat(
      "{\"change\":\"", retracted ? "retracted" : "row", "\",", ResultMembers(result),
      ",\"version\":{\"partition\":", result.version().partition(),
      ",\"offset\":", result.version().offset(), "},\"commit_time\":",
      result.has_commit_time() ? absl::StrCat("\"", TimeText(result.commit_time()), "\"") : "null",
      "}");
}

std::string ChangeText(const Result& result, bool retracted) {
  std::string text = absl::StrCat(ShortTimeText(ToTime(result.window_start_time())), " - ",
                                  ShortTimeText(ToTime(result.window_end_time())));
  for (const Field& field : result.group()) absl::StrAppend(&text, "  ", PlainValue(field));
  for (const Field& field : result.values()) {
    absl::StrAppend(&text, "  ", Printable(field.name()), " ", PlainValue(field));
  }
  if (retracted) return absl::StrCat(text, "  retracted");
  if (result.revision() > 0) return absl::StrCat(text, "  corrected ", result.revision());
  return absl::StrCat(text, result.final() ? "  final" : "  open");
}

bool ResultBefore(const Result& left, const Result& right) {
  const auto start = [](const Result& result) {
    return std::make_pair(result.window_start_time().seconds(), result.window_start_time().nanos());
  };
  if (start(left) != start(right)) return start(left) < start(right);
  const int common = std::min(left.group_size(), right.group_size());
  for (int i = 0; i < common; ++i) {
    const int order = Compare(left.group(i), right.group(i));
    if (order != 0) return order < 0;
  }
  return left.group_size() < right.group_size();
}

}  // namespace windrow::cli
