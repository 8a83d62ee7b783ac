#ifndef SERVICES_QUERY_SINK_LAST_BATCH_H_
#define SERVICES_QUERY_SINK_LAST_BATCH_H_

#include <cstdint>
#include <string>

#include "absl/types/optional.h"

namespace windrow::query {

// The number of the last batch of a store, in a file beside the store's own: a store that has lost
// its newest batches looks like one that never had them, but for this. Used by the writer only.
class LastBatch {
 public:
  // Of the store in this folder, which need not be there yet.
  explicit LastBatch(const std::string& directory);

  // Says that this batch has been written. What cannot be said leaves the older number.
  void Write(int64_t batch) const;

  // The number; nullopt when it is not known: there is no file, or it is damaged.
  absl::optional<int64_t> Read() const;

 private:
  std::string path_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_LAST_BATCH_H_
