#ifndef SERVICES_AGGREGATOR_SIMULATION_SIMULATION_H_
#define SERVICES_AGGREGATOR_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/simulation/random.h"
#include "services/aggregator/simulation/recount.h"
#include "services/aggregator/simulation/results_watcher.h"
#include "services/aggregator/simulation/scenario.h"
#include "services/aggregator/simulation/weather.h"
#include "services/aggregator/worker/live_settings.h"
#include "services/aggregator/worker/replica_limit.h"
#include "services/aggregator/worker/shared_alignment.h"
#include "services/aggregator/worker/worker.h"
#include "services/platform/memory_log/disturbance.h"
#include "services/platform/memory_log/memory_cluster.h"
#include "services/platform/memory_log/virtual_clock.h"

namespace windrow::aggregator {

// The real workers of a pipeline in a made world: an in-memory cluster, a virtual clock, no
// threads. Chance decides which of them acts next (each worker's two threads are two actors), what
// goes wrong, and who dies in the middle of what. While one actor calls the cluster, or waits,
// others may act: they run on its stack, so that a seed is all that is needed to see the same
// again.
class Simulation : private memory_log::Disturbance {
 public:
  struct Options {
    uint64_t seed = 0;
    Weather weather;
    // Whether to keep what happened, for trace().
    bool trace = false;
    // Most records that one read finds, or 0 for any: the size of batches.
    int most_fetched = 0;
    int64_t commit_interval_ms = 10;
    // Workers from the start; at most Weather::most_workers.
    int workers = 1;
  };

  // The scenario outlives the simulation.
  Simulation(const Scenario& scenario, const Options& options);
  ~Simulation() override;
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // Writes the logs, lets the workers work, lets all calm down, drains. INTERNAL with the first
  // thing that was wrong.
  absl::Status Run();

  const ResultsWatcher& results() const { return watcher_; }
  const Recount& recount() const { return recount_; }
  // What happened, a line each.
  std::string trace() const;

  struct Counts {
    int64_t steps = 0;
    int64_t crashes = 0;
    int64_t commits = 0;
    int64_t aborts = 0;
    // Batches whose frames their worker had taken in before they were in the log.
    int64_t ahead = 0;
    int64_t fatal_ends = 0;
    int64_t purges = 0;
    int64_t table_changes = 0;
    // Rounds of a worker that could not read on because of the limit of state.
    int64_t blocked = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  // One slot of a replica: the process may be dead.
  struct Process {
    std::string client_id;
    std::string transactional_id;
    int replica = 0;
    int slot = 0;
    // Whether somebody wants it to run.
    bool wanted = false;
    bool doomed = false;
    bool connected = false;
    // Whether its two threads are on the stack.
    bool working = false;
    bool committing = false;
    absl::Time sleeps_until = absl::InfinitePast();
    std::unique_ptr<Worker> worker;
  };
  struct PurgeRequest {
    record_log::TopicPartition partition;
    int64_t offset = 0;
  };

  // memory_log::Disturbance.
  void OnCall(const std::string& client_id, memory_log::Call call) override;
  void OnReturn(const std::string& client_id, memory_log::Call call) override;
  memory_log::Fate FateOf(const std::string& client_id, memory_log::Call call) override;
  absl::Duration MarkerDelay() override;
  absl::Duration RepeatDelay() override;
  int Fetched(int wanted) override;
  int Redelivered() override;

  void MakeProcesses();
  void MakeWorker(Process* process);
  // Dies at once, or when the actors on the stack come back.
  void Kill(Process* process);
  void Bury(Process* process);
  void ThrowIfDoomed();
  void MaybeCrash();

  // One thing happens.
  void Step();
  void StepWorld();
  Process* PickProcess();
  void Work(Process* process);
  void Commit(Process* process);
  void Stop(Process* process);
  void Wait(absl::Time deadline);
  void Interrupt();

  bool HasUnwritten() const;
  void WriteRecords();
  void WriteUndecided();
  void RunPurge();
  void Resize();
  void ChangeSettings();
  // A replica hears what another one says.
  void TellPositions();
  void ChangeTables();
  void UseTables(int64_t generation, LiveSettings* settings);
  void CalmDown();
  void WaitUntilDecided(const record_log::TopicPartition& partition);
  // The workers in turn until everything is drained.
  absl::Status Finish();
  absl::Status Check();

  void Note(const std::string& text);
  std::string NameOf(const Process& process) const;

  const Scenario& scenario_;
  const Options options_;
  Random random_;
  const Recount recount_;
  Weather weather_;
  memory_log::VirtualClock clock_;
  memory_log::MemoryCluster cluster_;
  std::shared_ptr<const PipelinePlan> plan_;
  const PipelineTopics topics_;
  // By replica.
  std::vector<std::unique_ptr<LiveSettings>> settings_;
  std::vector<std::unique_ptr<ReplicaLimit>> limits_;
  std::vector<std::unique_ptr<SharedAlignment>> alignments_;
  std::vector<std::unique_ptr<Process>> processes_;
  // Whose code is running: innermost last.
  std::vector<Process*> stack_;
  std::deque<PurgeRequest> purges_;
  WrittenSources written_;
  ResultsWatcher watcher_;
  std::unique_ptr<record_log::TransactionalProducer> writer_;
  size_t snapshot_bytes_ = 0;
  int depth_ = 0;
  int64_t drain_generation_ = 0;
  // Of the tables that a replica knows.
  int64_t newest_tables_ = 0;
  Counts counts_;
  std::vector<std::string> trace_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SIMULATION_SIMULATION_H_
