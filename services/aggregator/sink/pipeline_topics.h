#ifndef SERVICES_AGGREGATOR_SINK_PIPELINE_TOPICS_H_
#define SERVICES_AGGREGATOR_SINK_PIPELINE_TOPICS_H_

#include <string>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {

// Names of a pipeline's topics and consumer group, all from its id.
struct PipelineTopics {
  explicit PipelineTopics(const std::string& id)
      : partials(absl::StrCat(id, ".partials")),
        snapshots(absl::StrCat(id, ".snapshots")),
        results(absl::StrCat(id, ".results")),
        dead_letter(absl::StrCat(id, ".dead-letter")),
        group(absl::StrCat("windrow.", id)) {}

  std::string partials;
  std::string snapshots;
  std::string results;
  std::string dead_letter;
  std::string group;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_PIPELINE_TOPICS_H_
