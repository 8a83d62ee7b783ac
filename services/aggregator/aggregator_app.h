#ifndef SERVICES_AGGREGATOR_AGGREGATOR_APP_H_
#define SERVICES_AGGREGATOR_AGGREGATOR_APP_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/aggregator/control_log.h"
#include "services/aggregator/incarnation_watch.h"
#include "services/aggregator/pipeline_runner.h"
#include "services/aggregator/pipeline_service.h"
#include "services/aggregator/status_board.h"
#include "services/aggregator/table_watcher.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/metrics/metric_families.h"
#include "services/platform/metrics/metrics_server.h"
#include "services/platform/rpc/rpc_server.h"
#include "services/platform/rpc/server_options.h"
#include "services/platform/runtime/cpu_load.h"
#include "windrow/status/v1/status.pb.h"

namespace windrow::aggregator {

// One replica of the aggregator: the control log, a runner for each incarnation of a pipeline in
// it, and the gRPC server. Built by Create, ended by its destructor, which drains within 10 s.
class AggregatorApp {
 public:
  struct Options {
    kafka::KafkaConfig kafka;
    std::string listen;
    rpc::ServerOptions rpc;
    // Where to serve metrics; empty for nowhere.
    std::string metrics_address;
    // Of the log lines: "json" or "text".
    std::string log_format = "json";
    std::string replica;
    // Of pipelines that are created at start when they do not exist.
    std::vector<std::string> pipeline_files;
    // Ids of the pipelines to run here; empty for all that the control log holds.
    std::vector<std::string> only_pipelines;
    int memory_megabytes = 16;
  };

  // Waits for Kafka as long as it takes. INVALID_ARGUMENT when an option is wrong: the process
  // should end with exit code 2. CANCELLED when it was asked to end meanwhile.
  static absl::StatusOr<std::unique_ptr<AggregatorApp>> Create(Options options);
  ~AggregatorApp();
  AggregatorApp(const AggregatorApp&) = delete;
  AggregatorApp& operator=(const AggregatorApp&) = delete;

 private:
  // A pipeline as a file declares it.
  struct Declared {
    std::string file;
    windrow::pipeline::v1::Pipeline pipeline;
  };

  explicit AggregatorApp(Options options) : options_(std::move(options)) {}
  absl::Status Start();
  // Returns when Kafka answers, whatever it says; CANCELLED when asked to end meanwhile.
  absl::Status AwaitKafka() const;
  static absl::StatusOr<std::vector<Declared>> LoadFiles(const std::vector<std::string>& files);
  // Name and number of an incarnation.
  using RunnerKey = std::pair<std::string, int>;

  // Creates the pipeline, or checks that it is the one that exists. What has been changed or
  // deleted by calls since stays as they have made it: false then.
  absl::StatusOr<bool> EnsurePipeline(const Declared& declared);
  // Proposes rows that were read from a table's file, unless they were the last that came from it.
  absl::Status UpdateFromFile(const std::string& pipeline_name,
                              const windrow::pipeline::v1::StaticTable& table);
  void WatchTables(const Declared& declared);
  // Gives every incarnation of the log its runner, its settings and its tables.
  void FollowControlLog();
  void FollowIncarnation(const std::string& name, const ControlledPipeline& pipeline,
                         const ControlledIncarnation& incarnation)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lets runners go whose incarnation is not run any more, once their workers have stopped.
  void ForgetStopped();
  // What the replicas that are alive tell, this one among them.
  std::vector<windrow::status::v1::ReplicaStatus> Alive() const;
  bool RunsHere(const std::string& pipeline_name) const;
  absl::optional<RunnerProgress> Progress(const std::string& name) const;
  void WriteMetrics(metrics::MetricFamilies* out) const;
  // What this replica tells the others.
  windrow::status::v1::ReplicaStatus OwnStatus() const;

  const Options options_;
  // Tells this run of the process from others.
  std::string run_id_;
  const absl::Time start_time_ = absl::Now();
  mutable absl::Mutex mutex_;
  std::map<RunnerKey, std::unique_ptr<PipelineRunner>> runners_ ABSL_GUARDED_BY(mutex_);
  // Those that have been asked to stop.
  std::map<RunnerKey, std::unique_ptr<PipelineRunner>> leaving_ ABSL_GUARDED_BY(mutex_);
  mutable runtime::CpuLoad cpu_load_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Set once, under mutex_.
  std::unique_ptr<StatusBoard> board_;
  std::unique_ptr<ControlLog> log_;
  std::unique_ptr<PipelineServiceImpl> service_;
  std::unique_ptr<metrics::MetricsServer> metrics_;
  std::unique_ptr<rpc::RpcServer> server_;
  std::unique_ptr<IncarnationWatch> incarnation_watch_;
  // Of the tables of pipeline_files.
  std::vector<std::unique_ptr<TableWatcher>> table_watchers_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_AGGREGATOR_APP_H_
