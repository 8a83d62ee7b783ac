#include "clients/cli/csv_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace windrow::cli {

std::string CsvLine(const std::vector<std::string>& values) {
  // A line of one empty value would be an empty line, which readers skip.
  if (values.size() == 1 && values[0].empty()) return "\"\"\r\n";
  return absl::StrCat(
      absl::StrJoin(
          values, ",",
          [](std::string* out, const std::string& value) {
            if (value.find_first_of(",\"\r\n") == std::string::npos) {
              out->append(value);
            } else {
              absl::StrAppend(out, "\"", absl::StrReplaceAll(value, {{"\"", "\"\""}}), "\"");
            }
          }),
      "\r\n");
}

}  // namespace windrow::cli
