#ifndef SERVICES_QUERY_CORE_RESULT_CHANGE_H_
#define SERVICES_QUERY_CORE_RESULT_CHANGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "services/query/core/partition_progress.h"

namespace windrow::query {

// Where in the results topic something last changed. Versions of one row strictly increase.
struct Version {
  int partition = 0;
  int64_t offset = 0;
};

// A row of a window was written or deleted. Times are microseconds since 1970 UTC.
struct RowChange {
  Version version;
  std::string view;
  int64_t window_start_us = 0;
  // Kafka timestamp of this version, milliseconds since 1970.
  int64_t commit_time_ms = 0;
  // The group, encoded by the writer and of bounded length (BoundedGroup in row_key.h): names the
  // row, and orders the rows of a window.
  std::string group;
  // Whether the row is gone; the fields below mean nothing then.
  bool deleted = false;
  int64_t window_end_us = 0;
  uint64_t accepted = 0;
  // How often the row was corrected after its window had closed.
  uint32_t revision = 0;
  // The row as the topic carries it.
  std::string payload;
};

// A merge partition reported its progress.
struct ProgressChange {
  Version version;
  // Equal to the partition of the version.
  int merge_partition = 0;
  PartitionProgress progress;
};

// A merge partition counted late records of a window. 0 when the count was deleted.
struct LedgerChange {
  Version version;
  std::string view;
  int64_t window_start_us = 0;
  int merge_partition = 0;
  uint64_t late = 0;
};

// A batch has so many changes at most: few enough that a subscriber does not wait long for one, and
// many enough that a log is read back at the speed of the store.
inline constexpr int kMostChangesOfBatch = 5000;

// What was read from the results topic in one go, in the order of the topic per partition.
struct ChangeBatch {
  std::vector<RowChange> rows;
  std::vector<ProgressChange> progress;
  std::vector<LedgerChange> ledgers;
  // Where to go on after this batch, one per partition.
  std::vector<int64_t> next_offsets;
  // Where the log began when its reading did, one per partition; empty when that is not known. What
  // was there before is lost to whoever begins with this batch.
  std::vector<int64_t> first_offsets;

  bool empty() const { return rows.empty() && progress.empty() && ledgers.empty(); }
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_RESULT_CHANGE_H_
