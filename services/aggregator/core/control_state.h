#ifndef SERVICES_AGGREGATOR_CORE_CONTROL_STATE_H_
#define SERVICES_AGGREGATOR_CORE_CONTROL_STATE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/idle_policy.h"

namespace windrow::aggregator {

// What can be turned while a pipeline runs.
struct PipelineSettings {
  // Whether, and within which bounds, a replica chooses its number of workers itself.
  struct AutoParallelism {
    bool enabled = false;
    int min_workers = 1;
    // 0 for the number of processors of the replica's machine.
    int max_workers = 0;

    bool operator==(const AutoParallelism& other) const {
      return enabled == other.enabled && min_workers == other.min_workers &&
             max_workers == other.max_workers;
    }
    bool operator!=(const AutoParallelism& other) const { return !(*this == other); }
  };

  int parallelism = 1;
  int64_t records_per_second_per_partition = 0;
  // Of the whole source topic; 0 means no limit.
  int64_t records_per_second = 0;
  int64_t bytes_per_second = 0;
  int64_t commit_interval_ms = 10;
  int64_t state_limit_bytes = 1'000'000'000;
  // nullopt: as the pipeline declares.
  absl::optional<EventSpan> watermark_delay;
  absl::optional<IdlePolicy> idle_policy;
  AutoParallelism automatic;
  // 0: what the replica was started with.
  int64_t fetch_memory_bytes = 0;
};

// Where an incarnation begins to read the source topic.
struct ControlledStart {
  enum class Kind { kEarliest, kLatest, kRecordTime };
  Kind kind = Kind::kEarliest;
  // For kRecordTime: at the first record whose Kafka timestamp, milliseconds since 1970, is not
  // before this.
  int64_t record_time_ms = 0;

  bool operator==(const ControlledStart& other) const {
    return kind == other.kind && record_time_ms == other.record_time_ms;
  }
};

// One run of a pipeline over its source topic, with topics and a consumer group of its own.
struct ControlledIncarnation {
  // From 1, never used twice for a name.
  int number = 1;
  // Generation of the change that made it.
  int64_t generation = 0;
  // What it computes; opaque here.
  std::string definition;
  // New rows of the static tables that have changed since it was made, by name; opaque here.
  std::map<std::string, std::string> tables;
  ControlledStart start;
  // Records read per second, at most, until it is served; 0 for no limit of its own.
  int64_t backfill_records_per_second = 0;
};

// An incarnation that is not run any more.
struct RetiredIncarnation {
  int number = 1;
  // Whether it has been served: what has never been is of no use to anybody.
  bool served = false;
  // Whether its topics are to be deleted, those that users read too.
  bool delete_topics = false;

  bool operator==(const RetiredIncarnation& other) const {
    return number == other.number && served == other.served && delete_topics == other.delete_topics;
  }
};

// A pipeline as the control log has it.
struct ControlledPipeline {
  // The incarnation whose results are served.
  ControlledIncarnation served;
  // The one that catches up beside it.
  absl::optional<ControlledIncarnation> next;
  // Versions of the rows that last came from each table's file or, while none have, with which the
  // pipeline was created. By table.
  std::map<std::string, std::string> file_versions;
  // Generation of the last change of a table, the watermark delay or the idle policy; 0 for none.
  int64_t plan_generation = 0;
  PipelineSettings settings;
  // Number of accepted changes.
  int64_t generation = 0;
  // Generation of the last drain request; 0 for none.
  int64_t drain_generation = 0;
  // Whether nothing is to be read from the source topic.
  bool paused = false;
  // Largest number of workers ever set or allowed: so many transactional ids have been in use.
  int max_parallelism = 1;
  // Whether replicas were ever allowed a worker for each processor.
  bool ever_by_processors = false;
  // Largest delay ever set; the one that the pipeline declares does not count.
  EventSpan max_watermark_delay = 0;

  // What it is to compute in the end.
  const ControlledIncarnation& newest() const { return next.has_value() ? *next : served; }
  // The last drain request that an incarnation has to carry out: none from before there was it.
  int64_t DrainOf(const ControlledIncarnation& incarnation) const {
    return drain_generation > incarnation.generation ? drain_generation : 0;
  }
};

// A record of the control log.
struct ControlProposal {
  enum class Kind {
    kCreate,
    kSettings,
    kDrain,
    kTable,
    kDelete,
    kNewIncarnation,
    kSwitchOver,
    kPause
  };
  std::string request_id;
  std::string pipeline;
  int64_t expected_generation = 0;
  Kind kind = Kind::kDrain;
  // For kCreate and kNewIncarnation.
  std::string definition;
  // For them: the tables' versions by name.
  std::map<std::string, std::string> table_versions;
  // For kCreate, kSettings, and a kNewIncarnation that creates.
  PipelineSettings settings;
  // For kTable: its name, rows and their version, and whether they come from its file.
  std::string table;
  std::string table_content;
  std::string table_version;
  bool from_file = false;
  // For kDelete.
  bool delete_topics = false;
  // For kNewIncarnation.
  ControlledStart start;
  int64_t backfill_records_per_second = 0;
  // For kSwitchOver.
  int incarnation = 0;
  // For kPause: whether it is held from now on.
  bool paused = false;
  // By which the request is told from another one under the same id; 0 when that is not known.
  uint64_t request_fingerprint = 0;
};

// What became of a proposal.
struct ControlVerdict {
  bool accepted = false;
  // Generation of the pipeline after the proposal.
  int64_t generation = 0;
  // What the proposal was about, for whoever uses its request id again.
  std::string pipeline;
  ControlProposal::Kind kind = ControlProposal::Kind::kDrain;
  // For kSettings.
  PipelineSettings settings;
  // For kTable.
  std::string table;
  std::string table_version;
  // For kPause.
  bool paused = false;
  // As in the proposal.
  uint64_t request_fingerprint = 0;
};

// The state that the control log describes: whoever applies the same records in order holds the
// same state. Applying looks at nothing but request id, expected generation, whether the pipeline
// exists and, for a switch-over, which incarnation is the next one, so that every version of the
// program decides alike. A value of one thread.
//
// Generations and incarnation numbers of a name go on after its deletion. A pipeline that does not
// exist is created by kCreate, or by kNewIncarnation where another start than the earliest record
// is wanted; the expected generation is 0 then.
class ControlState {
 public:
  // Applies the next record of the log. A repeated request id gets the verdict of the first.
  ControlVerdict Apply(const ControlProposal& proposal);

  // The verdict on a request that has been applied.
  absl::optional<ControlVerdict> FindVerdict(const std::string& request_id) const;

  // What the pipeline would be after the proposal; nullopt when it would be refused, or gone.
  absl::optional<ControlledPipeline> Preview(const ControlProposal& proposal) const;

  // Those that exist, by name.
  const std::map<std::string, ControlledPipeline>& pipelines() const { return pipelines_; }

  // The incarnations that are not run any more, of deleted pipelines too, by pipeline.
  std::map<std::string, std::vector<RetiredIncarnation>> retired() const;

 private:
  // What is known of a name for ever.
  struct History {
    int64_t generation = 0;
    int last_incarnation = 0;
    std::vector<RetiredIncarnation> retired;
  };

  bool IsAcceptable(const ControlProposal& proposal) const;
  void Change(const ControlProposal& proposal, int64_t generation);
  void Create(const ControlProposal& proposal, int64_t generation);
  void Delete(const ControlProposal& proposal);
  static ControlledIncarnation NewIncarnation(const ControlProposal& proposal, int64_t generation,
                                              History* history);
  static void NoteLargest(ControlledPipeline* pipeline);

  std::map<std::string, ControlledPipeline> pipelines_;
  std::map<std::string, History> histories_;
  absl::flat_hash_map<std::string, ControlVerdict> verdicts_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_CONTROL_STATE_H_
