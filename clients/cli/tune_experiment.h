#ifndef CLIENTS_CLI_TUNE_EXPERIMENT_H_
#define CLIENTS_CLI_TUNE_EXPERIMENT_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/cli/session.h"
#include "clients/cli/tune_plan.h"
#include "clients/cli/tune_report.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {

// Tries settings on a running pipeline and measures what they do, over all of its replicas. Puts
// back what it found, whatever happens, but for settings that others have changed meanwhile. One
// thread; a termination signal ends Run early, with CANCELLED.
class TuneExperiment {
 public:
  struct Options {
    std::string pipeline;
    // Settings that trials change.
    std::set<std::string> paths;
    // Rates are given at least this long to become steady, and at most three times as long.
    absl::Duration settle = absl::Seconds(5);
    // For how long a trial is measured then. Latencies are those of the last 10 seconds.
    absl::Duration measure = absl::Seconds(10);
  };

  // `session` must outlive the experiment.
  TuneExperiment(const Session* session, Options options);
  // Puts the settings back, unless Restore has.
  ~TuneExperiment();
  TuneExperiment(const TuneExperiment&) = delete;
  TuneExperiment& operator=(const TuneExperiment&) = delete;

  // The settings as they are. Call first.
  absl::StatusOr<pipeline::v1::Settings> Begin();
  // ABORTED when somebody else changes the pipeline meanwhile.
  absl::StatusOr<TuneMeasurement> Run(const TuneTrial& trial);
  // Sets what Begin found again.
  absl::Status Restore();

 private:
  // A look at all replicas.
  struct Sample {
    absl::Time when;
    aggregator::v1::Progress progress;
  };

  absl::StatusOr<aggregator::v1::PipelineResource> Get() const;
  absl::StatusOr<aggregator::v1::ReconfigureResponse> Set(const pipeline::v1::Settings& settings,
                                                          const std::set<std::string>& paths,
                                                          const std::string& etag) const;
  absl::StatusOr<Sample> Look() const;
  absl::StatusOr<bool> Settle(int64_t generation) const;
  absl::Status Measure(TuneMeasurement* measurement) const;

  const Session* const session_;
  const Options options_;
  const std::unique_ptr<aggregator::v1::PipelineService::Stub> stub_;
  bool changed_ = false;
  pipeline::v1::Settings found_;
  // Of the last trial.
  pipeline::v1::Settings tried_;
  std::string etag_;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_TUNE_EXPERIMENT_H_
