#ifndef SERVICES_QUERY_SINK_FEED_READERS_H_
#define SERVICES_QUERY_SINK_FEED_READERS_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "services/query/sink/feed_reader.h"
#include "services/query/sink/result_store.h"

namespace windrow::query {

// Finds those who want the same rows of the same store: they have one reader together.
// Thread-safe.
class FeedReaders {
 public:
  // The reader of the selection; a new one when nobody has it. It must not outlive `store`.
  std::shared_ptr<FeedReader> Get(const ResultStore* store, FeedSelection selection);

 private:
  using Key = std::pair<const ResultStore*, std::string>;

  absl::Mutex mutex_;
  // Readers go with the last of their subscribers.
  std::map<Key, std::weak_ptr<FeedReader>> readers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_FEED_READERS_H_
