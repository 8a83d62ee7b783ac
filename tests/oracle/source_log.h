#ifndef TESTS_ORACLE_SOURCE_LOG_H_
#define TESTS_ORACLE_SOURCE_LOG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace windrow::oracle {

// A record of a source partition.
struct SourceRecord {
  int64_t offset = 0;
  // -1 when it has none.
  int64_t timestamp_ms = -1;
  // Empty for a null value, as a Kafka client hands it out.
  std::string value;
};

// By partition, in the order of offsets.
using SourceLog = std::vector<std::vector<SourceRecord>>;

// Reads a log file: the number of partitions in a line; then for each record a line of partition,
// offset, timestamp in milliseconds and length (-1 for a null value), its bytes, and a line feed.
// INVALID_ARGUMENT when it is not so.
absl::StatusOr<SourceLog> ReadSourceLog(const std::string& path);

}  // namespace windrow::oracle

#endif  // TESTS_ORACLE_SOURCE_LOG_H_
