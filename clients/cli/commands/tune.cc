#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"
#include "clients/cli/tune_experiment.h"
#include "clients/cli/tune_plan.h"
#include "clients/cli/tune_report.h"
#include "services/platform/runtime/termination.h"

namespace windrow::cli {
namespace {

struct TuneOptions {
  std::string pipeline;
  std::string parallelism;
  std::string rate;
  std::string total_rate;
  std::string commit_interval;
  std::string fetch_memory_mb;
  bool grid = false;
  absl::Duration settle = absl::Seconds(5);
  absl::Duration measure = absl::Seconds(10);
  std::string format = "table";
};

// Values to try where none are named.
constexpr char kUsualParallelism[] = "1,2,4";
constexpr char kUsualCommitIntervals[] = "10ms,100ms,500ms";

absl::StatusOr<std::vector<TuneFactor>> Factors(const TuneOptions& options) {
  std::vector<std::pair<std::string, std::string>> named = {
      {"parallelism", options.parallelism},
      {"records_per_second_per_partition", options.rate},
      {"records_per_second", options.total_rate},
      {"commit_interval", options.commit_interval},
      {"fetch_memory_bytes", options.fetch_memory_mb},
  };
  std::vector<TuneFactor> factors;
  for (const auto& [path, values] : named) {
    if (values.empty()) continue;
    absl::StatusOr<TuneFactor> factor = ParseTuneFactor(path, values);
    if (!factor.ok()) return factor.status();
    factors.push_back(*std::move(factor));
  }
  if (!factors.empty()) return factors;
  return std::vector<TuneFactor>{*ParseTuneFactor("parallelism", kUsualParallelism),
                                 *ParseTuneFactor("commit_interval", kUsualCommitIntervals)};
}

void Show(const std::vector<TuneMeasurement>& measurements, const std::string& format) {
  const TuneAdvice advice = Advise(measurements);
  if (format == "csv") {
    Print(TuneCsv(measurements, advice));
  } else {
    PrintJsonRecord(format, TuneJson(measurements, advice),
                    [&] { Print(TuneTable(measurements, advice)); });
  }
}

absl::Status Run(Session& session, const TuneOptions& options) {
  if (options.settle < absl::Seconds(1) || options.settle > absl::Minutes(10)) {
    return UsageError("--settle must be 1s to 10m");
  }
  if (options.measure < absl::Seconds(2) || options.measure > absl::Hours(1)) {
    return UsageError("--measure must be 2s to 1h");
  }
  const absl::StatusOr<std::vector<TuneFactor>> factors = Factors(options);
  if (!factors.ok()) return factors.status();
  runtime::BlockTerminationSignals();
  TuneExperiment::Options experiment_options;
  experiment_options.pipeline = session.PipelineName(options.pipeline);
  for (const TuneFactor& factor : *factors) experiment_options.paths.insert(factor.path);
  experiment_options.settle = options.settle;
  experiment_options.measure = options.measure;
  TuneExperiment experiment(&session, experiment_options);
  const absl::StatusOr<pipeline::v1::Settings> now = experiment.Begin();
  if (!now.ok()) return now.status();
  const absl::StatusOr<std::vector<TuneTrial>> trials = PlanTrials(*now, *factors, options.grid);
  if (!trials.ok()) return trials.status();
  Note(absl::StrFormat("%d trials of about %s each; Ctrl-C ends, and puts the settings back",
                       trials->size(), absl::FormatDuration(options.settle + options.measure)));
  std::vector<TuneMeasurement> measurements;
  absl::Status ended;
  for (const TuneTrial& trial : *trials) {
    Note(
        absl::StrFormat("trial %d of %d: %s", measurements.size() + 1, trials->size(), trial.name));
    absl::StatusOr<TuneMeasurement> measured = experiment.Run(trial);
    if (!measured.ok()) {
      ended = measured.status();
      break;
    }
    measurements.push_back(*std::move(measured));
  }
  const absl::Status restored = experiment.Restore();
  if (!measurements.empty()) Show(measurements, options.format);
  if (!ended.ok()) return ended;
  return restored;
}

}  // namespace

void AddTune(CommandLine* line) {
  line->Add(
      "tune", "Tries settings on the running pipeline, measures them, and says which are best",
      [](Command& command) {
        const auto options = std::make_shared<TuneOptions>();
        command.Argument("PIPELINE", &options->pipeline, "Pipeline; the one of --pipeline if empty",
                         false);
        command.Option("--parallelism", &options->parallelism,
                       "Numbers of workers per replica to try, separated by commas");
        command.Option("--rate", &options->rate,
                       "Most records per second from each partition to try; none for no limit");
        command.Option("--total-rate", &options->total_rate,
                       "Most records per second from the whole topic to try");
        command.Option("--commit-interval", &options->commit_interval,
                       "Least times between two commits to try");
        command.Option("--fetch-memory-mb", &options->fetch_memory_mb,
                       "Memory for fetched records to try");
        command.Flag("--grid", &options->grid, "Every combination; otherwise each value by itself");
        command.Option("--settle", &options->settle,
                       "Least time that rates get to become steady, at most three times as long");
        command.Option("--measure", &options->measure, "For how long each trial is measured");
        command.Output(&options->format);
        command.Examples(
            "  windrow tune\n"
            "  windrow tune --parallelism 1,2,4 --commit-interval 10ms,100ms --grid -o csv\n"
            "  windrow tune sf-calls --rate 1000,5000,none --measure 30s");
        return [options](Session& session) { return Run(session, *options); };
      });
}

}  // namespace windrow::cli
