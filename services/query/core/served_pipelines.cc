#include "services/query/core/served_pipelines.h"

namespace windrow::query {

using Kind = ControlChange::Kind;

bool ServedPipelines::IsAcceptable(const ControlChange& change, const History& history,
                                   bool exists) const {
  if (!exists) {
    return change.expected_generation == 0 &&
           (change.kind == Kind::kCreate || change.kind == Kind::kNewIncarnation);
  }
  if (change.kind == Kind::kCreate || change.expected_generation != history.generation) {
    return false;
  }
  return change.kind != Kind::kSwitchOver ||
         (history.next_incarnation != 0 && history.next_incarnation == change.incarnation);
}

void ServedPipelines::Apply(const ControlChange& change) {
  if (!request_ids_.insert(change.request_id).second) return;
  const auto served = served_.find(change.pipeline);
  const bool exists = served != served_.end();
  const auto known = histories_.find(change.pipeline);
  if (!IsAcceptable(change, known == histories_.end() ? History() : known->second, exists)) return;
  History& history = histories_[change.pipeline];
  ++history.generation;
  if (!exists) {
    served_[change.pipeline] = ++history.last_incarnation;
    history.next_incarnation = 0;
    deleted_.erase(change.pipeline);
    return;
  }
  switch (change.kind) {
    case Kind::kDelete:
      served_.erase(served);
      deleted_.insert(change.pipeline);
      break;
    case Kind::kNewIncarnation:
      history.next_incarnation = ++history.last_incarnation;
      break;
    case Kind::kSwitchOver:
      served->second = history.next_incarnation;
      history.next_incarnation = 0;
      break;
    case Kind::kCreate:
    case Kind::kOther:
      break;
  }
}

}  // namespace windrow::query
