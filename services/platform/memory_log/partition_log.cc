#include "services/platform/memory_log/partition_log.h"

#include <algorithm>

namespace windrow::memory_log {

int64_t PartitionLog::Append(StoredRecord record, int64_t transaction) {
  const int64_t offset = end();
  if (transaction != kNoTransaction) open_.emplace(transaction, offset);
  entries_.push_back({false, transaction, std::move(record)});
  return offset;
}

void PartitionLog::End(int64_t transaction, bool committed) {
  if (open_.erase(transaction) == 0) return;
  if (!committed) aborted_.insert(transaction);
  entries_.push_back({true, transaction, {}});
}

void PartitionLog::DeleteBefore(int64_t offset) {
  offset = std::min(offset, last_stable_offset());
  for (; begin_ < offset; ++begin_) entries_.pop_front();
}

int64_t PartitionLog::last_stable_offset() const {
  int64_t stable = end();
  for (const auto& transaction : open_) stable = std::min(stable, transaction.second);
  return stable;
}

const StoredRecord* PartitionLog::Committed(int64_t offset) const {
  const Entry& entry = entries_[static_cast<size_t>(offset - begin_)];
  return entry.mark || aborted_.count(entry.transaction) > 0 ? nullptr : &entry.record;
}

const StoredRecord* PartitionLog::At(int64_t offset) const {
  const Entry& entry = entries_[static_cast<size_t>(offset - begin_)];
  return entry.mark ? nullptr : &entry.record;
}

}  // namespace windrow::memory_log
