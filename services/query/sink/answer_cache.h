#ifndef SERVICES_QUERY_SINK_ANSWER_CACHE_H_
#define SERVICES_QUERY_SINK_ANSWER_CACHE_H_

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"

namespace windrow::query {

// Answers of ListResults, by request, of one content of a store: that never changes, so an answer
// is right for as long as the content lives, and goes with it. All callers see the same. For lists
// in an order, which have to look at all rows of their windows, and which dashboards ask for again
// and again. Thread-safe.
class AnswerCache {
 public:
  // Of requests and answers; beyond it all are let go.
  static constexpr size_t kMostBytes = 1 << 20;
  // A larger one is not kept.
  static constexpr size_t kMostAnswerBytes = 64 << 10;

  // Both are messages, serialized. Nothing but the request and the content makes the answer. False
  // when there is none.
  bool Find(const std::string& request, std::string* answer) const;
  void Keep(const std::string& request, std::string answer);

 private:
  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::string> answers_ ABSL_GUARDED_BY(mutex_);
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_ANSWER_CACHE_H_
