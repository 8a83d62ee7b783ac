#include "services/query/core/readiness.h"

#include <utility>

namespace windrow::query {

bool Readiness::Decide(bool known, const std::map<std::string, Holding>& pipelines) {
  if (!known && pipelines.empty()) return false;
  bool ready = true;
  std::set<std::string> completed;
  for (const auto& [id, holding] : pipelines) {
    const bool was_complete = completed_.count(id) > 0;
    if (was_complete || holding == Holding::kComplete) completed.insert(id);
    if (holding == Holding::kIncomplete && (was_complete || !started_)) ready = false;
  }
  // Those that are gone are forgotten: one that comes back under the same id is a new one.
  completed_ = std::move(completed);
  started_ = started_ || (known && ready);
  return ready;
}

}  // namespace windrow::query
