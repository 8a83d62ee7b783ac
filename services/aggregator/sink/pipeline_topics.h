#ifndef SERVICES_AGGREGATOR_SINK_PIPELINE_TOPICS_H_
#define SERVICES_AGGREGATOR_SINK_PIPELINE_TOPICS_H_

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {

// Names of the topics and the consumer group of an incarnation of a pipeline: "{id}.results" and so
// on of the first, "{id}.v2.results" of the second. The group is the prefix of its transactional
// ids, too.
struct PipelineTopics {
  explicit PipelineTopics(const std::string& id, int incarnation = 1)
      : PipelineTopics(incarnation == 1 ? id : absl::StrCat(id, ".v", incarnation), nullptr) {}

  std::string partials;
  std::string snapshots;
  std::string results;
  std::string dead_letter;
  std::string group;

 private:
  PipelineTopics(const std::string& prefix, std::nullptr_t)
      : partials(absl::StrCat(prefix, ".partials")),
        snapshots(absl::StrCat(prefix, ".snapshots")),
        results(absl::StrCat(prefix, ".results")),
        dead_letter(absl::StrCat(prefix, ".dead-letter")),
        group(absl::StrCat("windrow.", prefix)) {}
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_PIPELINE_TOPICS_H_
