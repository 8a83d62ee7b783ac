#ifndef SERVICES_PLATFORM_MEMORY_LOG_MEMORY_READER_H_
#define SERVICES_PLATFORM_MEMORY_LOG_MEMORY_READER_H_

#include <cstdint>
#include <vector>

#include "services/platform/memory_log/memory_cluster.h"
#include "services/platform/record_log/partition_reader.h"

namespace windrow::memory_log {

// Reads partitions of a MemoryCluster.
class MemoryReader : public record_log::PartitionReader {
 public:
  MemoryReader(MemoryCluster* cluster, const std::vector<record_log::StartPosition>& starts,
               std::vector<int64_t> positions);

  absl::StatusOr<int> Read(int max_records, absl::Duration timeout,
                           absl::FunctionRef<void(const record_log::Record&)> visit) override;
  bool at_end() const override;

 private:
  // What is there now. Sets *ended when the end of a partition is newly reached.
  absl::StatusOr<int> ReadNow(int max_records,
                              absl::FunctionRef<void(const record_log::Record&)> visit,
                              bool* ended);

  MemoryCluster* const cluster_;
  const std::vector<record_log::StartPosition> starts_;
  std::vector<int64_t> positions_;
  std::vector<bool> at_end_;
};

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_MEMORY_READER_H_
