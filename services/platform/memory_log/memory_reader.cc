#include "services/platform/memory_log/memory_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/memory_log/record_of.h"

namespace windrow::memory_log {

MemoryReader::MemoryReader(MemoryCluster* cluster,
                           const std::vector<record_log::StartPosition>& starts,
                           std::vector<int64_t> positions)
    : cluster_(cluster),
      starts_(starts),
      positions_(std::move(positions)),
      at_end_(starts.size(), false) {}

absl::StatusOr<int> MemoryReader::Read(int max_records, absl::Duration timeout,
                                       absl::FunctionRef<void(const record_log::Record&)> visit) {
  const absl::Time deadline = cluster_->Now() + timeout;
  cluster_->disturbance().OnCall("", Call::kReadLog);
  absl::StatusOr<int> count = 0;
  bool ended = false;
  cluster_->WaitUntil(deadline, [&] {
    count = ReadNow(max_records, visit, &ended);
    return !count.ok() || *count > 0 || ended;
  });
  return count;
}

absl::StatusOr<int> MemoryReader::ReadNow(int max_records,
                                          absl::FunctionRef<void(const record_log::Record&)> visit,
                                          bool* ended) {
  int records = 0;
  for (size_t i = 0; i < starts_.size(); ++i) {
    const PartitionLog& log = *cluster_->FindLog({starts_[i].topic, starts_[i].partition});
    int64_t& next = positions_[i];
    if (next < log.begin() || next > log.end()) {
      return absl::DataLossError(absl::StrCat(starts_[i].topic, " partition ", starts_[i].partition,
                                              ": offset ", next, " is not in the log"));
    }
    const int64_t end = log.last_stable_offset();
    for (; next < end && records < max_records; ++next) {
      const StoredRecord* stored = log.Committed(next);
      if (stored == nullptr) continue;
      ++records;
      visit(RecordOf(*stored, starts_[i].partition, next));
    }
    const bool at_end = next >= end;
    *ended = *ended || (at_end && !at_end_[i]);
    at_end_[i] = at_end;
  }
  return records;
}

bool MemoryReader::at_end() const {
  return std::all_of(at_end_.begin(), at_end_.end(), [](bool at_end) { return at_end; });
}

}  // namespace windrow::memory_log
