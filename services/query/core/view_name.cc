#include "services/query/core/view_name.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace windrow::query {

std::string PipelineResourceName(absl::string_view pipeline) {
  return absl::StrCat("pipelines/", pipeline);
}

std::string ViewResourceName(absl::string_view pipeline, absl::string_view view) {
  return absl::StrCat("pipelines/", pipeline, "/views/", view);
}

std::optional<std::string> ParsePipelineName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 2 || parts[0] != "pipelines" || !IsResourceId(parts[1])) return std::nullopt;
  return std::string(parts[1]);
}

std::optional<ViewName> ParseViewName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[0] != "pipelines" || parts[2] != "views" ||
      !IsResourceId(parts[1]) || !IsResourceId(parts[3])) {
    return std::nullopt;
  }
  return ViewName{std::string(parts[1]), std::string(parts[3])};
}

bool IsResourceId(absl::string_view id) {
  if (id.empty() || id.size() > 63) return false;
  for (const char c : id) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '-' && c != '_' && c != '.') {
      return false;
    }
  }
  return absl::ascii_isalnum(id.front());
}

}  // namespace windrow::query
