#include "clients/cli/tune_experiment.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/output.h"
#include "clients/cli/progress_bar.h"
#include "clients/cli/time_text.h"
#include "services/platform/runtime/termination.h"

namespace windrow::cli {
namespace {

using aggregator::v1::PipelineService;
using aggregator::v1::Progress;
using pipeline::v1::Settings;

constexpr absl::Duration kLookInterval = absl::Milliseconds(500);
// Rates of so many seconds in a row, each within a tenth of their mean, are steady.
constexpr size_t kSteadySeconds = 3;
constexpr double kSteady = 0.1;
// Differences of so few records per second do not count.
constexpr double kFewRows = 10;

bool AllRun(const Progress& progress, int64_t generation) {
  return progress.generation() >= generation &&
         std::all_of(progress.workers().begin(), progress.workers().end(), [](const auto& worker) {
           return worker.status().state() == status::v1::WorkerStatus::STATE_RUNNING;
         });
}

bool AreSteady(const std::deque<double>& rates) {
  if (rates.size() < kSteadySeconds) return false;
  double mean = 0;
  for (const double rate : rates) mean += rate / static_cast<double>(rates.size());
  return std::all_of(rates.begin(), rates.end(), [&](double rate) {
    return std::abs(rate - mean) <= std::max(kFewRows, kSteady * mean);
  });
}

// Records behind the log's end, over all partitions; what was committed and what there is.
int64_t Arrived(const Progress& progress) {
  int64_t end = 0;
  for (const auto& worker : progress.workers()) {
    for (const auto& source : worker.status().sources()) {
      end += std::max(source.log_end_offset(), source.position().end_offset());
    }
  }
  return end;
}

}  // namespace

TuneExperiment::TuneExperiment(const Session* session, Options options)
    : session_(session),
      options_(std::move(options)),
      stub_(PipelineService::NewStub(session->Channel(Service::kAggregator))) {}

TuneExperiment::~TuneExperiment() {
  const absl::Status restored = Restore();
  if (!restored.ok()) {
    Note(absl::StrCat("the settings could not be put back: ", restored.message()));
  }
}

absl::StatusOr<aggregator::v1::PipelineResource> TuneExperiment::Get() const {
  aggregator::v1::GetPipelineRequest request;
  request.set_name(options_.pipeline);
  aggregator::v1::GetPipelineResponse response;
  const absl::Status status = session_->Call(
      Service::kAggregator, *stub_, &PipelineService::Stub::GetPipeline, request, &response);
  if (!status.ok()) return status;
  return response.pipeline();
}

absl::StatusOr<aggregator::v1::ReconfigureResponse> TuneExperiment::Set(
    const Settings& settings, const std::set<std::string>& paths, const std::string& etag) const {
  aggregator::v1::ReconfigureRequest request;
  request.set_name(options_.pipeline);
  request.set_etag(etag);
  for (const std::string& path : paths) {
    CopySetting(settings, path, request.mutable_settings());
    request.mutable_update_mask()->add_paths(path);
  }
  aggregator::v1::ReconfigureResponse response;
  const absl::Status status = session_->Call(
      Service::kAggregator, *stub_, &PipelineService::Stub::Reconfigure, request, &response);
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<Settings> TuneExperiment::Begin() {
  const auto resource = Get();
  if (!resource.ok()) return resource.status();
  found_ = resource->pipeline().settings();
  etag_ = resource->etag();
  return found_;
}

absl::StatusOr<TuneExperiment::Sample> TuneExperiment::Look() const {
  aggregator::v1::GetProgressRequest request;
  request.set_name(options_.pipeline);
  aggregator::v1::GetProgressResponse response;
  const absl::Status status = session_->Call(
      Service::kAggregator, *stub_, &PipelineService::Stub::GetProgress, request, &response);
  if (!status.ok()) return status;
  return Sample{absl::Now(), response.progress()};
}

absl::StatusOr<TuneMeasurement> TuneExperiment::Run(const TuneTrial& trial) {
  // Even an answer that was lost may have changed them.
  changed_ = true;
  const auto set = Set(trial.settings, options_.paths, etag_);
  if (!set.ok()) return set.status();
  tried_ = set->pipeline().pipeline().settings();
  etag_ = set->pipeline().etag();
  TuneMeasurement measurement;
  measurement.trial = trial;
  for (const auto& acknowledgement : set->acknowledgements()) {
    measurement.pause = std::max(measurement.pause, ToDuration(acknowledgement.pause()));
  }
  const absl::StatusOr<bool> settled = Settle(set->pipeline().generation());
  if (!settled.ok()) return settled.status();
  measurement.settled = *settled;
  const absl::Status measured = Measure(&measurement);
  if (!measured.ok()) return measured;
  return measurement;
}

absl::StatusOr<bool> TuneExperiment::Settle(int64_t generation) const {
  const absl::Time begin = absl::Now();
  absl::StatusOr<Sample> last = Look();
  if (!last.ok()) return last.status();
  std::deque<double> rates;
  ProgressBar bar("settling:", "");
  while (absl::Now() - begin < 3 * options_.settle) {
    if (runtime::WaitForTermination(absl::Seconds(1))) return Interrupted();
    bar.Update(absl::ToInt64Milliseconds(absl::Now() - begin),
               absl::ToInt64Milliseconds(3 * options_.settle));
    const absl::StatusOr<Sample> now = Look();
    if (!now.ok()) return now.status();
    const double rows =
        static_cast<double>(now->progress.rows_processed() - last->progress.rows_processed());
    rates.push_back(rows / absl::ToDoubleSeconds(now->when - last->when));
    if (rates.size() > kSteadySeconds) rates.pop_front();
    last = now;
    if (!AllRun(now->progress, generation)) rates.clear();
    if (absl::Now() - begin >= options_.settle && AreSteady(rates)) return true;
  }
  return false;
}

absl::Status TuneExperiment::Measure(TuneMeasurement* measurement) const {
  const absl::StatusOr<Sample> first = Look();
  if (!first.ok()) return first.status();
  absl::StatusOr<Sample> last = first;
  ProgressBar bar("measuring:", "");
  while (last->when - first->when < options_.measure) {
    if (runtime::WaitForTermination(kLookInterval)) return Interrupted();
    last = Look();
    if (!last.ok()) return last.status();
    bar.Update(absl::ToInt64Milliseconds(last->when - first->when),
               absl::ToInt64Milliseconds(options_.measure));
    measurement->resident_bytes =
        std::max(measurement->resident_bytes, last->progress.resident_bytes());
    if (last->progress.generation() < first->progress.generation()) {
      return absl::AbortedError("a replica was restarted meanwhile: try again");
    }
  }
  const Progress& before = first->progress;
  const Progress& after = last->progress;
  const double seconds = absl::ToDoubleSeconds(last->when - first->when);
  measurement->seconds = seconds;
  measurement->processed_rows_per_second =
      static_cast<double>(std::max<int64_t>(0, after.rows_processed() - before.rows_processed())) /
      seconds;
  measurement->input_rows_per_second =
      static_cast<double>(std::max<int64_t>(0, Arrived(after) - Arrived(before))) / seconds;
  measurement->cpu_load =
      absl::ToDoubleSeconds(ToDuration(after.cpu_time()) - ToDuration(before.cpu_time())) / seconds;
  measurement->lag_records_before = before.lag_records();
  measurement->lag_records_after = after.lag_records();
  measurement->commit_duration = ToDuration(after.commit_duration());
  if (after.has_latency_p99()) {
    measurement->latency_p50 = ToDuration(after.latency_p50());
    measurement->latency_p99 = ToDuration(after.latency_p99());
  }
  return absl::OkStatus();
}

absl::Status TuneExperiment::Restore() {
  if (!changed_) return absl::OkStatus();
  const auto resource = Get();
  if (!resource.ok()) return resource.status();
  const Settings& now = resource->pipeline().settings();
  // What others have set since is theirs.
  std::set<std::string> ours;
  for (const std::string& path : options_.paths) {
    if (TuneValueText(now, path) == TuneValueText(tried_, path)) ours.insert(path);
  }
  if (!ours.empty()) {
    const auto set = Set(found_, ours, resource->etag());
    if (!set.ok()) return set.status();
  }
  changed_ = false;
  return absl::OkStatus();
}

}  // namespace windrow::cli
