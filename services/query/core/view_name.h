#ifndef SERVICES_QUERY_CORE_VIEW_NAME_H_
#define SERVICES_QUERY_CORE_VIEW_NAME_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace windrow::query {

// A view by its ids.
struct ViewName {
  std::string pipeline;
  std::string view;
};

// "pipelines/{pipeline}".
std::string PipelineResourceName(absl::string_view pipeline);
// "pipelines/{pipeline}/views/{view}".
std::string ViewResourceName(absl::string_view pipeline, absl::string_view view);

// The id in "pipelines/{id}"; nothing when the name is of another form.
std::optional<std::string> ParsePipelineName(absl::string_view name);
// The ids in "pipelines/{pipeline}/views/{view}"; nothing when the name is of another form.
std::optional<ViewName> ParseViewName(absl::string_view name);

// Whether `id` can name a pipeline or a view: 1 to 63 of a-z, 0-9, -, _ and ., beginning with a
// letter or a digit.
bool IsResourceId(absl::string_view id);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_VIEW_NAME_H_
