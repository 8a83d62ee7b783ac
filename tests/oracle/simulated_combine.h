#ifndef TESTS_ORACLE_SIMULATED_COMBINE_H_
#define TESTS_ORACLE_SIMULATED_COMBINE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/source/json_record_parser.h"
#include "tests/oracle/schedule.h"
#include "tests/oracle/source_log.h"

namespace windrow::oracle {

// A record that went to the dead-letter topic.
struct DeadLetterEntry {
  int partition = 0;
  int64_t offset = 0;
  absl::string_view reason;
};

// The combine stage of some workers, as it runs beside Kafka: they own partitions, read them in any
// order, get some records twice, commit when they like, lose a batch, and are reassigned. What is
// committed is kept here as bytes. One thread.
class SimulatedCombine {
 public:
  // `log` and `schedule` must outlive it.
  SimulatedCombine(std::shared_ptr<const aggregator::PipelinePlan> plan, const SourceLog& log,
                   Schedule* schedule);

  // Something that may happen.
  absl::Status Step();
  // Whether all has been read.
  bool AtEnd() const;
  // Reports the end of every partition, and commits everything.
  absl::Status Drain();

  // The topic `partials`: records by merge partition. Grows with Step and Drain.
  const std::vector<std::vector<std::string>>& partials() const { return partials_; }
  // Of all committed batches.
  const std::vector<DeadLetterEntry>& dead_letters() const { return dead_letters_; }

 private:
  struct Worker {
    std::unique_ptr<aggregator::Combiner> combiner;
    std::vector<int> partitions;
    std::vector<DeadLetterEntry> dead_letters;
    // Committed, and not yet in `partials`: transactions of several workers mix as they like.
    std::vector<std::vector<std::string>> pending;
  };

  absl::Status Assign();
  absl::Status Adopt(Worker* worker);
  void Read(Worker* worker, int partition, int64_t records);
  void Add(Worker* worker, int partition, const SourceRecord& record);
  void Commit(Worker* worker);
  absl::Status Abort(Worker* worker);
  // Writes each pending record in one of `chance` cases, those of one worker in order.
  void Publish(int64_t chance);
  int64_t EndOffset(int partition) const;

  std::shared_ptr<const aggregator::PipelinePlan> plan_;
  const SourceLog& log_;
  Schedule& schedule_;
  aggregator::JsonRecordParser parser_;
  aggregator::RecordFields fields_;
  std::vector<Worker> workers_;
  std::vector<std::vector<std::string>> partials_;
  // Metadata of each source partition's committed offset; empty before the first commit.
  std::vector<std::string> checkpoints_;
  std::vector<DeadLetterEntry> dead_letters_;
  // First failure of Assign.
  absl::Status status_;
};

}  // namespace windrow::oracle

#endif  // TESTS_ORACLE_SIMULATED_COMBINE_H_
