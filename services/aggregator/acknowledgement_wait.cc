#include "services/aggregator/acknowledgement_wait.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "services/aggregator/proto_time.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::status::v1;

// What the replica has applied, of all incarnations that have workers, or will soon, the least;
// nullopt when it does not run the pipeline.
absl::optional<v1::Acknowledgement> AppliedBy(const pb::ReplicaStatus& replica,
                                              const std::string& pipeline_name) {
  absl::optional<v1::Acknowledgement> applied;
  for (const pb::PipelineStatus& status : replica.pipelines()) {
    if (status.pipeline() != pipeline_name || !status.waiting_for().empty()) continue;
    if (applied.has_value() && applied->generation() <= status.generation()) continue;
    applied.emplace();
    applied->set_replica(replica.replica());
    applied->set_generation(status.generation());
    *applied->mutable_pause() = status.pause();
    *applied->mutable_apply_time() = status.apply_time();
  }
  return applied;
}

}  // namespace

AcknowledgementWait::AcknowledgementWait(const ReplicaDirectory* replicas,
                                         std::string pipeline_name)
    : replicas_(replicas), pipeline_name_(std::move(pipeline_name)) {
  for (const pb::ReplicaStatus& replica : replicas_->Alive()) {
    if (AppliedBy(replica, pipeline_name_).has_value()) expected_.push_back(replica.replica());
  }
  std::sort(expected_.begin(), expected_.end());
}

AcknowledgementWait::Result AcknowledgementWait::Await(int64_t generation,
                                                       absl::Time deadline) const {
  uint64_t version = 0;
  for (;;) {
    // Before looking, so that nothing comes unnoticed between the look and the wait.
    replicas_->AwaitNews(&version, absl::InfinitePast());
    std::map<std::string, absl::optional<v1::Acknowledgement>> alive;
    for (const pb::ReplicaStatus& replica : replicas_->Alive()) {
      alive[replica.replica()] = AppliedBy(replica, pipeline_name_);
    }
    Result result;
    bool waiting = false;
    for (const std::string& name : expected_) {
      const auto found = alive.find(name);
      if (found == alive.end()) {
        result.missing.push_back(name);
      } else if (!found->second.has_value() || found->second->generation() < generation) {
        result.missing.push_back(name);
        waiting = true;
      } else {
        result.acknowledgements.push_back(*found->second);
      }
    }
    if (!waiting || absl::Now() >= deadline) return result;
    replicas_->AwaitNews(&version, deadline);
  }
}

}  // namespace windrow::aggregator
