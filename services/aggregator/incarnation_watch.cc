#include "services/aggregator/incarnation_watch.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/aggregator/catch_up.h"
#include "services/aggregator/proto_time.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::status::v1;

constexpr absl::Duration kRound = absl::Milliseconds(250);
// By then the other replicas have been heard of.
constexpr absl::Duration kFirstRemoval = absl::Seconds(5);
constexpr absl::Duration kRemovalInterval = absl::Seconds(5);
constexpr absl::Duration kProposeTimeout = absl::Seconds(5);
// An incarnation whose windows close later by its own rules (a longer watermark delay, say, or a
// source that has been quiet for long) cannot close what the served one has: being level for so
// long is enough.
constexpr absl::Duration kLevelIsEnough = absl::Seconds(10);

std::vector<pb::PipelineStatus> StatusesOf(const std::vector<pb::ReplicaStatus>& replicas,
                                           const std::string& name, int incarnation) {
  std::vector<pb::PipelineStatus> statuses;
  for (const pb::ReplicaStatus& replica : replicas) {
    for (const pb::PipelineStatus& status : replica.pipelines()) {
      if (status.pipeline() == name && status.incarnation() == incarnation) {
        statuses.push_back(status);
      }
    }
  }
  return statuses;
}

}  // namespace

IncarnationWatch::IncarnationWatch(Options options)
    : options_(std::move(options)),
      remover_(options_.kafka),
      next_removal_(absl::Now() + kFirstRemoval),
      thread_([this] { Run(); }) {}

IncarnationWatch::~IncarnationWatch() {
  stop_.Notify();
  thread_.join();
}

void IncarnationWatch::Run() {
  while (!stop_.WaitForNotificationWithTimeout(kRound)) {
    options_.on_round();
    const auto pipelines = options_.log->pipelines();
    const bool any_next = std::any_of(pipelines.begin(), pipelines.end(), [](const auto& pipeline) {
      return pipeline.second.next.has_value();
    });
    if (!any_next && absl::Now() < next_removal_) continue;
    const std::vector<pb::ReplicaStatus> alive = options_.alive();
    for (const auto& pipeline : pipelines) {
      if (pipeline.second.next.has_value()) CheckNext(pipeline.first, pipeline.second, alive);
    }
    RemoveTopics(alive);
  }
}

void IncarnationWatch::CheckNext(const std::string& name, const ControlledPipeline& pipeline,
                                 const std::vector<pb::ReplicaStatus>& alive) {
  const windrow::pipeline::v1::Pipeline served = PipelineOf(pipeline);
  const windrow::pipeline::v1::Pipeline next = PipelineOf(*pipeline.next);
  const int merges =
      next.merge_partitions() == 0 ? kDefaultMergePartitions : next.merge_partitions();
  const CatchUp caught_up =
      CompareIncarnations(StatusesOf(alive, name, pipeline.served.number),
                          StatusesOf(alive, name, pipeline.next->number),
                          served.source_topic() == next.source_topic(), merges);
  const auto key = std::make_pair(name, pipeline.next->number);
  if (caught_up == CatchUp::kBehind) {
    level_since_.erase(key);
    return;
  }
  const absl::Time now = absl::Now();
  const absl::Time since = level_since_.emplace(key, now).first->second;
  if (caught_up == CatchUp::kLevel && now - since < kLevelIsEnough) return;
  ProposeSwitchOver(name, pipeline);
}

void IncarnationWatch::ProposeSwitchOver(const std::string& name,
                                         const ControlledPipeline& pipeline) {
  windrow::control::v1::Proposal proposal;
  // The same id from every replica that sees the same.
  proposal.set_request_id(
      absl::StrCat("switch-over:", name, ":", pipeline.next->number, ":", pipeline.generation));
  proposal.set_pipeline(name);
  proposal.set_expected_generation(pipeline.generation);
  proposal.set_proposer(options_.replica);
  SetTime(absl::Now(), proposal.mutable_propose_time());
  proposal.mutable_switch_over()->set_incarnation(pipeline.next->number);
  const absl::StatusOr<ControlVerdict> verdict = options_.log->Propose(proposal, kProposeTimeout);
  if (!verdict.ok()) {
    runtime::LogWarning("switch-over not proposed",
                        {{"pipeline", name}, {"error", std::string(verdict.status().message())}});
    return;
  }
  runtime::LogInfo("switch-over", {{"pipeline", name},
                                   {"from_incarnation", pipeline.served.number},
                                   {"to_incarnation", pipeline.next->number},
                                   {"accepted", verdict->accepted},
                                   {"generation", verdict->generation}});
}

void IncarnationWatch::RemoveTopics(const std::vector<pb::ReplicaStatus>& alive) {
  const absl::Time now = absl::Now();
  if (now < next_removal_) return;
  next_removal_ = now + kRemovalInterval;
  std::set<std::pair<std::string, int>> running;
  for (const pb::ReplicaStatus& replica : alive) {
    for (const pb::PipelineStatus& status : replica.pipelines()) {
      running.emplace(status.pipeline(), status.incarnation());
    }
  }
  remover_.Remove(options_.log->retired(), running);
}

}  // namespace windrow::aggregator
