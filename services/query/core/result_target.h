#ifndef SERVICES_QUERY_CORE_RESULT_TARGET_H_
#define SERVICES_QUERY_CORE_RESULT_TARGET_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/query/core/result_change.h"

namespace windrow::query {

// Why all that is held is thrown away and read again.
enum class RebuildReason {
  // What is held cannot be trusted; the topic is as it was.
  kStoreBroken,
  // The topic is not the one that was read before, or no longer has what comes next.
  kTopicChanged,
};

// How far the reading of a results topic is. A plain value.
struct ReadingState {
  // Whether it is known if the topic exists.
  bool known = false;
  bool topic_exists = false;
  // Whether every partition has been read to where it ended when the reading began.
  bool caught_up = false;
  // Whether every partition has been read to the end of what is committed.
  bool at_end = false;
  // Records (and transaction markers) in the log that have not been applied yet.
  int64_t lag_records = 0;
  // Records (and transaction markers) of the log that have been applied, and how many it has. Both
  // 0 while that is not known.
  int64_t applied_records = 0;
  int64_t total_records = 0;
};

// Where a pipeline's results go: the port between the room that reads the topic and the one that
// keeps it. All calls come from one thread.
class ResultTarget {
 public:
  virtual ~ResultTarget() = default;

  // Prepares for a topic of `partitions` partitions and returns where to go on in each: 0 for the
  // beginning of the log. Throws away what was held for another number of partitions. DATA_LOSS
  // when what is held is broken: Rebuild, then Open again.
  virtual absl::StatusOr<std::vector<int64_t>> Open(int partitions) = 0;

  // Applies a batch as a whole or not at all; applying it again changes nothing. DATA_LOSS when
  // what is held is broken: Rebuild, then go on. Any other error: try the same batch again.
  virtual absl::Status Apply(const ChangeBatch& batch) = 0;

  // Remembers that everything there was has been read once: from now on what is held is worth
  // being served, even right after a restart that finds all of it.
  virtual absl::Status MarkComplete() = 0;

  // Throws away all that is held; Open comes next.
  virtual absl::Status Rebuild(RebuildReason reason, absl::string_view words) = 0;

  // Tells how far the reading is. DATA_LOSS when what is held was found broken meanwhile.
  virtual absl::Status Report(const ReadingState& state) = 0;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_RESULT_TARGET_H_
