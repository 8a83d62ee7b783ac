#ifndef TESTS_ORACLE_SIMULATED_MERGE_H_
#define TESTS_ORACLE_SIMULATED_MERGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/sink/snapshot_encoder.h"
#include "tests/oracle/results_topic.h"
#include "tests/oracle/schedule.h"

namespace windrow::oracle {

// One merge partition, as it runs beside Kafka: reads its partition of `partials`, commits results
// and snapshots when it likes, crashes, and is restored from the last snapshot and a replay. What
// is committed is kept here as bytes. One thread.
class SimulatedMerge {
 public:
  // `partials` and `schedule` must outlive it.
  SimulatedMerge(std::shared_ptr<const aggregator::PipelinePlan> plan, int partition,
                 const std::vector<std::string>& partials, Schedule* schedule);

  // Something that may happen.
  absl::Status Step();
  // Reads and commits what is left.
  absl::Status Finish();

  const ResultsTopic& results() const { return results_; }

 private:
  absl::Status Apply(int64_t frames);
  void Commit();
  // Begins a snapshot, or writes on.
  void WriteSnapshot();
  // A new owner.
  absl::Status Restore();

  std::shared_ptr<const aggregator::PipelinePlan> plan_;
  const int partition_;
  const std::vector<std::string>& partials_;
  Schedule& schedule_;
  std::unique_ptr<aggregator::Merger> merger_;
  // Offsets in partials.
  int64_t next_ = 0;
  int64_t committed_ = 0;
  // Records of the last complete snapshot, and of the one being written.
  std::vector<std::string> snapshot_;
  std::unique_ptr<aggregator::SnapshotEncoder> unfinished_;
  std::vector<std::string> unfinished_records_;
  ResultsTopic results_;
  // What the worker's clock shows.
  int64_t clock_us_ = 0;
};

}  // namespace windrow::oracle

#endif  // TESTS_ORACLE_SIMULATED_MERGE_H_
