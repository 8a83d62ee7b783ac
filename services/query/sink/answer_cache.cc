#include "services/query/sink/answer_cache.h"

#include <utility>

namespace windrow::query {

bool AnswerCache::Find(const std::string& request, std::string* answer) const {
  absl::MutexLock lock(&mutex_);
  const auto found = answers_.find(request);
  if (found == answers_.end()) return false;
  *answer = found->second;
  return true;
}

void AnswerCache::Keep(const std::string& request, std::string answer) {
  const size_t bytes = request.size() + answer.size();
  if (bytes > kMostAnswerBytes) return;
  absl::flat_hash_map<std::string, std::string> let_go;  // Destroyed without the lock.
  absl::MutexLock lock(&mutex_);
  if (bytes_ + bytes > kMostBytes) {
    let_go.swap(answers_);
    bytes_ = 0;
  }
  // Two calls may have worked out the same answer.
  if (answers_.emplace(request, std::move(answer)).second) bytes_ += bytes;
}

}  // namespace windrow::query
