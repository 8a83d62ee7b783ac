#ifndef SERVICES_PLATFORM_MEMORY_LOG_PARTITION_LOG_H_
#define SERVICES_PLATFORM_MEMORY_LOG_PARTITION_LOG_H_

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace windrow::memory_log {

// A record as it is kept.
struct StoredRecord {
  int64_t timestamp_ms = 0;
  bool has_key = false;
  bool has_value = false;
  std::string key;
  std::string value;
  std::vector<std::pair<std::string, std::string>> headers;
};

// The log of one partition: records and the marks of ended transactions, which take an offset too.
// A value of one thread.
class PartitionLog {
 public:
  // Numbers of transactions are above this.
  static constexpr int64_t kNoTransaction = 0;

  // Returns its offset.
  int64_t Append(StoredRecord record, int64_t transaction);
  // The mark of a transaction's end; nothing for one that is not open here.
  void End(int64_t transaction, bool committed);
  // Deletes what lies below `offset`, but nothing that is not decided.
  void DeleteBefore(int64_t offset);

  int64_t begin() const { return begin_; }
  // High watermark.
  int64_t end() const { return begin_ + static_cast<int64_t>(entries_.size()); }
  // Below it every transaction is decided.
  int64_t last_stable_offset() const;

  // The record at an offset within [begin, last stable offset) if it is committed; null for a mark
  // and for a record of an aborted transaction.
  const StoredRecord* Committed(int64_t offset) const;
  // Any record at an offset within [begin, end); null for a mark.
  const StoredRecord* At(int64_t offset) const;

 private:
  struct Entry {
    bool mark = false;
    int64_t transaction = kNoTransaction;
    StoredRecord record;
  };

  int64_t begin_ = 0;
  std::deque<Entry> entries_;
  // Open transactions and where each begins.
  std::map<int64_t, int64_t> open_;
  std::set<int64_t> aborted_;
};

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_PARTITION_LOG_H_
