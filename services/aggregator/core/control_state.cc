#include "services/aggregator/core/control_state.h"

#include <algorithm>
#include <utility>

namespace windrow::aggregator {

using Kind = ControlProposal::Kind;

ControlVerdict ControlState::Apply(const ControlProposal& proposal) {
  const auto earlier = verdicts_.find(proposal.request_id);
  if (earlier != verdicts_.end()) return earlier->second;
  ControlVerdict verdict;
  verdict.pipeline = proposal.pipeline;
  verdict.kind = proposal.kind;
  verdict.settings = proposal.settings;
  verdict.table = proposal.table;
  verdict.table_version = proposal.table_version;
  verdict.paused = proposal.paused;
  verdict.request_fingerprint = proposal.request_fingerprint;
  verdict.accepted = IsAcceptable(proposal);
  if (verdict.accepted) {
    verdict.generation = ++histories_[proposal.pipeline].generation;
    Change(proposal, verdict.generation);
  } else {
    const auto found = pipelines_.find(proposal.pipeline);
    verdict.generation = found == pipelines_.end() ? 0 : found->second.generation;
  }
  verdicts_.emplace(proposal.request_id, verdict);
  return verdict;
}

bool ControlState::IsAcceptable(const ControlProposal& proposal) const {
  const auto found = pipelines_.find(proposal.pipeline);
  if (found == pipelines_.end()) {
    return proposal.expected_generation == 0 &&
           (proposal.kind == Kind::kCreate || proposal.kind == Kind::kNewIncarnation);
  }
  const ControlledPipeline& pipeline = found->second;
  if (proposal.kind == Kind::kCreate || proposal.expected_generation != pipeline.generation) {
    return false;
  }
  return proposal.kind != Kind::kSwitchOver ||
         (pipeline.next.has_value() && pipeline.next->number == proposal.incarnation);
}

absl::optional<ControlVerdict> ControlState::FindVerdict(const std::string& request_id) const {
  const auto found = verdicts_.find(request_id);
  if (found == verdicts_.end()) return absl::nullopt;
  return found->second;
}

absl::optional<ControlledPipeline> ControlState::Preview(const ControlProposal& proposal) const {
  ControlState alone;
  const auto pipeline = pipelines_.find(proposal.pipeline);
  if (pipeline != pipelines_.end()) alone.pipelines_.insert(*pipeline);
  const auto history = histories_.find(proposal.pipeline);
  if (history != histories_.end()) alone.histories_.insert(*history);
  if (!alone.Apply(proposal).accepted || alone.pipelines_.empty()) return absl::nullopt;
  return alone.pipelines_.begin()->second;
}

std::map<std::string, std::vector<RetiredIncarnation>> ControlState::retired() const {
  std::map<std::string, std::vector<RetiredIncarnation>> retired;
  for (const auto& history : histories_) {
    if (!history.second.retired.empty()) retired[history.first] = history.second.retired;
  }
  return retired;
}

ControlledIncarnation ControlState::NewIncarnation(const ControlProposal& proposal,
                                                   int64_t generation, History* history) {
  ControlledIncarnation incarnation;
  incarnation.number = ++history->last_incarnation;
  incarnation.generation = generation;
  incarnation.definition = proposal.definition;
  incarnation.start = proposal.start;
  incarnation.backfill_records_per_second = proposal.backfill_records_per_second;
  return incarnation;
}

void ControlState::Create(const ControlProposal& proposal, int64_t generation) {
  ControlledPipeline& pipeline = pipelines_[proposal.pipeline];
  pipeline.served = NewIncarnation(proposal, generation, &histories_[proposal.pipeline]);
  // Nothing is served meanwhile that it could be held back for.
  pipeline.served.backfill_records_per_second = 0;
  pipeline.file_versions = proposal.table_versions;
  pipeline.settings = proposal.settings;
}

void ControlState::Delete(const ControlProposal& proposal) {
  const ControlledPipeline& pipeline = pipelines_.at(proposal.pipeline);
  std::vector<RetiredIncarnation>& retired = histories_[proposal.pipeline].retired;
  retired.push_back({pipeline.served.number, true, false});
  if (pipeline.next.has_value()) retired.push_back({pipeline.next->number, false, false});
  // Of all that the name ever had.
  if (proposal.delete_topics) {
    for (RetiredIncarnation& incarnation : retired) incarnation.delete_topics = true;
  }
  pipelines_.erase(proposal.pipeline);
}

void ControlState::Change(const ControlProposal& proposal, int64_t generation) {
  const auto found = pipelines_.find(proposal.pipeline);
  if (found == pipelines_.end()) {
    Create(proposal, generation);
  } else {
    ControlledPipeline& pipeline = found->second;
    History& history = histories_[proposal.pipeline];
    switch (proposal.kind) {
      case Kind::kCreate:
        break;
      case Kind::kSettings:
        if (proposal.settings.watermark_delay != pipeline.settings.watermark_delay ||
            proposal.settings.idle_policy != pipeline.settings.idle_policy) {
          pipeline.plan_generation = generation;
        }
        pipeline.settings = proposal.settings;
        break;
      case Kind::kPause:
        pipeline.paused = proposal.paused;
        break;
      case Kind::kDrain:
        pipeline.drain_generation = generation;
        break;
      case Kind::kTable:
        pipeline.served.tables[proposal.table] = proposal.table_content;
        if (pipeline.next.has_value()) {
          pipeline.next->tables[proposal.table] = proposal.table_content;
        }
        if (proposal.from_file) pipeline.file_versions[proposal.table] = proposal.table_version;
        pipeline.plan_generation = generation;
        break;
      case Kind::kDelete:
        Delete(proposal);
        return;
      case Kind::kNewIncarnation:
        if (pipeline.next.has_value()) {
          history.retired.push_back({pipeline.next->number, false, false});
        }
        pipeline.next = NewIncarnation(proposal, generation, &history);
        // A file's rows are news for a table that it has had none for.
        pipeline.file_versions.insert(proposal.table_versions.begin(),
                                      proposal.table_versions.end());
        break;
      case Kind::kSwitchOver:
        history.retired.push_back({pipeline.served.number, true, false});
        pipeline.served = *std::move(pipeline.next);
        pipeline.next = absl::nullopt;
        break;
    }
  }
  ControlledPipeline& pipeline = pipelines_.at(proposal.pipeline);
  pipeline.generation = generation;
  NoteLargest(&pipeline);
}

void ControlState::NoteLargest(ControlledPipeline* pipeline) {
  const PipelineSettings& settings = pipeline->settings;
  pipeline->max_parallelism = std::max(pipeline->max_parallelism, settings.parallelism);
  pipeline->max_watermark_delay =
      std::max(pipeline->max_watermark_delay, settings.watermark_delay.value_or(0));
  if (!settings.automatic.enabled) return;
  pipeline->max_parallelism = std::max(
      {pipeline->max_parallelism, settings.automatic.min_workers, settings.automatic.max_workers});
  if (settings.automatic.max_workers == 0) pipeline->ever_by_processors = true;
}

}  // namespace windrow::aggregator
