#ifndef SERVICES_AGGREGATOR_CORE_CONTROL_STATE_H_
#define SERVICES_AGGREGATOR_CORE_CONTROL_STATE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"

namespace windrow::aggregator {

// What can be turned while a pipeline runs.
struct PipelineSettings {
  int parallelism = 1;
  int64_t records_per_second_per_partition = 0;
  int64_t commit_interval_ms = 10;
  int64_t state_limit_bytes = 1'000'000'000;
};

// New rows of a static table. `content` is opaque here.
struct ControlledTable {
  std::string content;
  // Version of the rows that last came from the table's file; empty while none have since the
  // pipeline was created.
  std::string file_version;
};

// A pipeline as the control log has it. `definition` is opaque here.
struct ControlledPipeline {
  std::string definition;
  // Tables that have changed since it was created, by name.
  std::map<std::string, ControlledTable> tables;
  // Generation of the last change of a table; 0 for none.
  int64_t plan_generation = 0;
  PipelineSettings settings;
  // Number of accepted changes.
  int64_t generation = 0;
  // Generation of the last drain request; 0 for none.
  int64_t drain_generation = 0;
  // Largest parallelism ever set: so many transactional ids have been in use.
  int max_parallelism = 1;
};

// A record of the control log.
struct ControlProposal {
  enum class Kind { kCreate, kSettings, kDrain, kTable };
  std::string request_id;
  std::string pipeline;
  int64_t expected_generation = 0;
  Kind kind = Kind::kDrain;
  // For kCreate.
  std::string definition;
  // For kCreate and kSettings.
  PipelineSettings settings;
  // For kTable: its name, rows and their version, and whether they come from its file.
  std::string table;
  std::string table_content;
  std::string table_version;
  bool from_file = false;
};

// What became of a proposal.
struct ControlVerdict {
  bool accepted = false;
  // Generation of the pipeline after the proposal.
  int64_t generation = 0;
};

// The state that the control log describes: whoever applies the same records in order holds the
// same state. Applying looks at nothing but request id and expected generation, so that every
// version of the program decides alike. A value of one thread.
class ControlState {
 public:
  // Applies the next record of the log. A repeated request id gets the verdict of the first.
  ControlVerdict Apply(const ControlProposal& proposal) {
    const auto earlier = verdicts_.find(proposal.request_id);
    if (earlier != verdicts_.end()) return earlier->second;
    const auto found = pipelines_.find(proposal.pipeline);
    const bool creates = proposal.kind == ControlProposal::Kind::kCreate;
    ControlVerdict verdict;
    verdict.generation = found == pipelines_.end() ? 0 : found->second.generation;
    verdict.accepted = verdict.generation == proposal.expected_generation &&
                       creates == (found == pipelines_.end());
    if (verdict.accepted) {
      ControlledPipeline& pipeline = pipelines_[proposal.pipeline];
      verdict.generation = ++pipeline.generation;
      Change(proposal, &pipeline);
    }
    verdicts_.emplace(proposal.request_id, verdict);
    return verdict;
  }

  // The verdict on a request that has been applied.
  absl::optional<ControlVerdict> FindVerdict(const std::string& request_id) const {
    const auto found = verdicts_.find(request_id);
    if (found == verdicts_.end()) return absl::nullopt;
    return found->second;
  }

  // By name.
  const std::map<std::string, ControlledPipeline>& pipelines() const { return pipelines_; }

 private:
  static void Change(const ControlProposal& proposal, ControlledPipeline* pipeline) {
    switch (proposal.kind) {
      case ControlProposal::Kind::kCreate:
        pipeline->definition = proposal.definition;
        pipeline->settings = proposal.settings;
        break;
      case ControlProposal::Kind::kSettings:
        pipeline->settings = proposal.settings;
        break;
      case ControlProposal::Kind::kDrain:
        pipeline->drain_generation = pipeline->generation;
        break;
      case ControlProposal::Kind::kTable: {
        ControlledTable& table = pipeline->tables[proposal.table];
        table.content = proposal.table_content;
        if (proposal.from_file) table.file_version = proposal.table_version;
        pipeline->plan_generation = pipeline->generation;
        break;
      }
    }
    pipeline->max_parallelism = std::max(pipeline->max_parallelism, pipeline->settings.parallelism);
  }

  std::map<std::string, ControlledPipeline> pipelines_;
  absl::flat_hash_map<std::string, ControlVerdict> verdicts_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_CONTROL_STATE_H_
