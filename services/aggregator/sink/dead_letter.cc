#include "services/aggregator/sink/dead_letter.h"

#include "absl/strings/str_cat.h"

namespace windrow::aggregator {

std::vector<std::pair<std::string, std::string>> DeadLetter::Headers(
    const std::string& source_topic) const {
  return {{"windrow-reason", std::string(DeadLetterReasonName(reason))},
          {"windrow-source-topic", source_topic},
          {"windrow-source-partition", absl::StrCat(partition)},
          {"windrow-source-offset", absl::StrCat(offset)},
          {"windrow-source-timestamp-ms", absl::StrCat(timestamp_ms)},
          {"windrow-original-size", absl::StrCat(size)}};
}

}  // namespace windrow::aggregator
