#ifndef SERVICES_AGGREGATOR_SIMULATION_RESULTS_WATCHER_H_
#define SERVICES_AGGREGATOR_SIMULATION_RESULTS_WATCHER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/aggregator/simulation/closing_recount.h"
#include "services/aggregator/simulation/recount.h"
#include "services/aggregator/simulation/scenario.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/platform/memory_log/memory_cluster.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::aggregator {

// A row as anybody sees it in `results`.
struct SeenRow {
  int partition = 0;
  int64_t end_us = 0;
  uint64_t accepted = 0;
  uint32_t revision = 0;
  // Without the joined columns, which are compared at once.
  std::map<std::string, std::string> values;
};

// How far a merge partition says it is.
struct SeenProgress {
  absl::optional<int64_t> closed_through_us;
  int64_t drain_generation = 0;
  uint64_t expired = 0;
  // Offset reached, by source partition.
  std::map<int, int64_t> sources;
};

// Where each record of a source partition stands in its log, by index, and when it was written.
struct WrittenSource {
  std::vector<int64_t> offsets;
  std::vector<absl::Time> times;
};
using WrittenSources = std::vector<WrittenSource>;

// Reads what a pipeline writes, as a consumer that sees only what is committed, and compares it
// with the recount: at each step what must hold at each step, in the end everything. Fails with
// what is wrong. A value of one thread.
class ResultsWatcher {
 public:
  // All outlive the watcher. `written` grows as records are written.
  ResultsWatcher(const Scenario* scenario, const Recount* recount, const WrittenSources* written,
                 memory_log::MemoryCluster* cluster);

  // Records may be held back by a transaction: who cannot see them is idle by right.
  void AllowHeldBackRecords() { held_back_ = true; }

  // Tables up to this generation may be in use.
  void AllowTables(int64_t generation) { newest_tables_ = generation; }

  // Reads on.
  absl::Status Look();
  // Whether every merge partition has carried out this drain.
  bool HasDrained(int64_t generation) const;
  // Everything that must be there in the end.
  absl::Status CheckEnd();

  const std::map<RowName, SeenRow>& rows() const { return rows_; }
  const std::map<WindowName, uint64_t>& late() const { return late_; }
  uint64_t expired() const;
  // Whether everything was compared with the recount in the end, or frames went unseen that say
  // with which tables it was counted.
  bool is_compared() const { return is_compared_; }
  // Records of `results` read.
  int64_t records() const { return records_; }

 private:
  absl::Status Take(int partition, const memory_log::StoredRecord& record);
  absl::Status TakeRow(int partition, const std::string& key, const windrow::results::v1::Row& row);
  absl::Status TakeColumns(const RowName& name, const windrow::results::v1::Row& row,
                           SeenRow* seen) const;
  absl::Status TakeDeletion(const std::string& key);
  bool HasSessions(const std::string& view) const;
  absl::Status TakeLedger(const windrow::results::v1::LedgerKey& key,
                          const windrow::results::v1::Ledger& ledger);
  absl::Status TakeProgress(int partition, const windrow::results::v1::Progress& progress);
  absl::Status CheckClosed(int partition, const windrow::results::v1::Progress& progress);
  absl::Status TakeSource(const windrow::partials::v1::SourcePosition& source);
  absl::Status CheckCounters(const Recount& recount,
                             const windrow::partials::v1::SourcePosition& source) const;
  absl::Status TakeDeadLetter(const memory_log::StoredRecord& record);
  absl::Status LookAtOffsets();
  absl::Status LookAtFrames(int partition);
  absl::Status CheckIdleness(const windrow::partials::v1::SourcePosition& source) const;
  absl::Status TakeTables(const windrow::partials::v1::SourcePosition& source);
  // Whether it depends on timing what is counted, and whether it is known how that went.
  bool depends_on_tables() const { return !scenario_->later_tables.empty(); }
  bool KnowsTables() const;
  absl::Status CheckRows(const Recount& recount) const;
  absl::Status CheckLate(const Recount& recount) const;

  const Scenario* const scenario_;
  const Recount* const recount_;
  const WrittenSources* const written_;
  memory_log::MemoryCluster* const cluster_;
  const PipelineTopics topics_;
  // Next offset to read.
  std::vector<int64_t> next_;
  int64_t next_dead_letter_ = 0;
  // By merge partition: next offset to read of partials, and what its frames close; nothing once
  // some were purged before they were read.
  std::vector<int64_t> next_frame_;
  std::vector<absl::optional<ClosingRecount>> closing_;
  int64_t records_ = 0;
  bool held_back_ = false;
  int64_t newest_tables_ = 0;
  bool is_compared_ = false;
  // Which tables each record was counted with, as the frames say; -1 while nothing is known.
  TableGenerations tables_;
  // What was said of sources, to be compared in the end.
  std::vector<windrow::partials::v1::SourcePosition> said_;
  std::map<RowName, SeenRow> rows_;
  // By the row's key as it is written.
  std::map<std::string, RowName> names_;
  std::map<WindowName, uint64_t> late_;
  // The same by merge partition.
  std::map<std::pair<WindowName, int>, uint64_t> late_of_partition_;
  std::vector<SeenProgress> progress_;
  std::map<RecordName, std::string> dead_letters_;
  std::map<record_log::TopicPartition, int64_t> committed_;
};

// A value of a row as text: a number in decimal (a double with all its bits), "text", null.
std::string ValueText(const windrow::results::v1::Field& field);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SIMULATION_RESULTS_WATCHER_H_
