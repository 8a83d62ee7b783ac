#include "services/query/core/served_pipelines.h"

#include <iterator>

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

void ServedPipelines::KeepDefinitions(const std::string& pipeline,
                                      const std::set<int>& incarnations) {
  auto it = definitions_.lower_bound({pipeline, 0});
  while (it != definitions_.end() && it->first.first == pipeline) {
    it = incarnations.count(it->first.second) > 0 ? std::next(it) : definitions_.erase(it);
  }
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
    definitions_[{change.pipeline, history.last_incarnation}] = change.definition;
    history.next_incarnation = 0;
    deleted_.erase(change.pipeline);
    return;
  }
  switch (change.kind) {
    case Kind::kDelete:
      served_.erase(served);
      deleted_.insert(change.pipeline);
      KeepDefinitions(change.pipeline, {});
      break;
    case Kind::kNewIncarnation:
      history.next_incarnation = ++history.last_incarnation;
      definitions_[{change.pipeline, history.next_incarnation}] = change.definition;
      KeepDefinitions(change.pipeline, {served->second, history.next_incarnation});
      break;
    case Kind::kSwitchOver:
      served->second = history.next_incarnation;
      history.next_incarnation = 0;
      KeepDefinitions(change.pipeline, {served->second});
      break;
    case Kind::kCreate:
    case Kind::kOther:
      break;
  }
}

}  // namespace windrow::query
