#ifndef SERVICES_QUERY_SINK_SORTED_WRITES_H_
#define SERVICES_QUERY_SINK_SORTED_WRITES_H_

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace windrow::query {

// Puts and deletions of different keys, to be written in the order of the keys: RocksDB then finds
// the place of each beside the one before, which costs less. One thread.
class SortedWrites {
 public:
  void Put(absl::string_view key, absl::string_view value) { Add(key, value, /*put=*/true); }
  void Delete(absl::string_view key) { Add(key, "", /*put=*/false); }

  // Adds all of it to `batch`, and forgets it.
  void MoveTo(rocksdb::WriteBatch* batch);

 private:
  struct Write {
    size_t begin;
    size_t key_size;
    size_t value_size;
    bool put;
  };

  void Add(absl::string_view key, absl::string_view value, bool put);
  absl::string_view KeyOf(const Write& write) const {
    return absl::string_view(bytes_).substr(write.begin, write.key_size);
  }

  // Keys and values, each value behind its key.
  std::string bytes_;
  std::vector<Write> writes_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_SORTED_WRITES_H_
