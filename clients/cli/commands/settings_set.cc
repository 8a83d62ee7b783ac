#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "clients/cli/acknowledgement_text.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/commands/settings_text.h"
#include "clients/cli/output.h"
#include "clients/cli/time_text.h"
#include "windrow/aggregator/v1/pipeline_service.grpc.pb.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;
using ::windrow::aggregator::v1::ReconfigureRequest;

using ::windrow::pipeline::v1::IdlePolicy;

// A million terabytes: more is a slip, and would not fit the message.
constexpr int64_t kMaxMegabytes = 1'000'000'000'000;

struct SetOptions {
  std::string pipeline;
  std::optional<int64_t> parallelism;
  std::string automatic;
  std::optional<int64_t> min_workers;
  std::optional<int64_t> max_workers;
  std::optional<int64_t> rate;
  std::optional<int64_t> total_rate;
  std::optional<int64_t> byte_rate;
  std::optional<absl::Duration> commit_interval;
  std::optional<absl::Duration> watermark_delay;
  std::string idle;
  std::optional<absl::Duration> idle_timeout;
  std::optional<absl::Duration> close_after;
  std::optional<int64_t> state_limit_mb;
  std::optional<int64_t> fetch_memory_mb;
  bool validate_only = false;
  std::string format = "table";
};

// Collects what is to be changed; the service knows the limits, but for what does not fit the
// message.
class Change {
 public:
  explicit Change(ReconfigureRequest* request) : request_(request) {}

  pipeline::v1::Settings* settings() { return request_->mutable_settings(); }

  // Names what is set.
  void Name(const std::string& path) { request_->mutable_update_mask()->add_paths(path); }

  // Sets a number of workers with `set`, if there is one.
  template <typename Set>
  absl::Status Workers(const std::optional<int64_t>& number, int64_t least,
                       const std::string& option, const std::string& path, Set set) {
    if (!number.has_value()) return absl::OkStatus();
    if (*number < least || *number > std::numeric_limits<int32_t>::max()) {
      return UsageError(absl::StrCat(option, " must be ", least, " to 64"));
    }
    set(static_cast<int32_t>(*number));
    Name(path);
    return absl::OkStatus();
  }

  template <typename Set>
  absl::Status Megabytes(const std::optional<int64_t>& megabytes, int64_t least,
                         const std::string& option, const std::string& path, Set set) {
    if (!megabytes.has_value()) return absl::OkStatus();
    if (*megabytes < least || *megabytes > kMaxMegabytes) {
      return UsageError(absl::StrCat(option, " must be ", least, " or more"));
    }
    set(*megabytes * 1'000'000);
    Name(path);
    return absl::OkStatus();
  }

  void Duration(const std::optional<absl::Duration>& duration, const std::string& path,
                google::protobuf::Duration* field) {
    if (!duration.has_value()) return;
    *field = ToProtoDuration(*duration);
    Name(path);
  }

 private:
  ReconfigureRequest* const request_;
};

void FillRates(const SetOptions& options, Change* change) {
  if (options.rate.has_value()) {
    change->settings()->set_records_per_second_per_partition(*options.rate);
    change->Name("records_per_second_per_partition");
  }
  if (options.total_rate.has_value()) {
    change->settings()->set_records_per_second(*options.total_rate);
    change->Name("records_per_second");
  }
  if (options.byte_rate.has_value()) {
    change->settings()->set_bytes_per_second(*options.byte_rate);
    change->Name("bytes_per_second");
  }
}

void FillTimes(const SetOptions& options, Change* change) {
  pipeline::v1::Settings* const settings = change->settings();
  change->Duration(options.commit_interval, "commit_interval", settings->mutable_commit_interval());
  change->Duration(options.watermark_delay, "watermark_delay", settings->mutable_watermark_delay());
  IdlePolicy* const policy = settings->mutable_idle_policy();
  change->Duration(options.idle_timeout, "idle_policy.idle_timeout",
                   policy->mutable_idle_timeout());
  change->Duration(options.close_after, "idle_policy.close_after", policy->mutable_close_after());
  if (options.idle.empty()) return;
  policy->set_all_idle(options.idle == "wait"          ? IdlePolicy::ALL_IDLE_WAIT
                       : options.idle == "close-after" ? IdlePolicy::ALL_IDLE_CLOSE_AFTER
                                                       : IdlePolicy::ALL_IDLE_WALL_CLOCK);
  change->Name("idle_policy.all_idle");
}

absl::Status FillWorkers(const SetOptions& options, Change* change) {
  pipeline::v1::Settings* const settings = change->settings();
  pipeline::v1::AutoParallelism* const automatic = settings->mutable_auto_parallelism();
  if (!options.automatic.empty()) {
    automatic->set_enabled(options.automatic == "on");
    change->Name("auto_parallelism.enabled");
  }
  absl::Status status =
      change->Workers(options.parallelism, 1, "--parallelism", "parallelism",
                      [settings](int32_t workers) { settings->set_parallelism(workers); });
  if (!status.ok()) return status;
  status = change->Workers(options.min_workers, 0, "--min-workers", "auto_parallelism.min_workers",
                           [automatic](int32_t workers) { automatic->set_min_workers(workers); });
  if (!status.ok()) return status;
  return change->Workers(options.max_workers, 0, "--max-workers", "auto_parallelism.max_workers",
                         [automatic](int32_t workers) { automatic->set_max_workers(workers); });
}

absl::Status Fill(const SetOptions& options, ReconfigureRequest* request) {
  Change change(request);
  pipeline::v1::Settings* const settings = change.settings();
  absl::Status status = FillWorkers(options, &change);
  if (!status.ok()) return status;
  FillRates(options, &change);
  FillTimes(options, &change);
  status = change.Megabytes(options.state_limit_mb, 1, "--state-limit-mb", "state_limit_bytes",
                            [settings](int64_t bytes) { settings->set_state_limit_bytes(bytes); });
  if (!status.ok()) return status;
  status = change.Megabytes(options.fetch_memory_mb, 0, "--fetch-memory-mb", "fetch_memory_bytes",
                            [settings](int64_t bytes) { settings->set_fetch_memory_bytes(bytes); });
  if (!status.ok()) return status;
  if (request->update_mask().paths().empty()) {
    return UsageError("nothing to change: name a setting, such as --parallelism; --help has all");
  }
  return absl::OkStatus();
}

absl::Status Run(Session& session, const SetOptions& options) {
  ReconfigureRequest request;
  request.set_name(session.PipelineName(options.pipeline));
  request.set_validate_only(options.validate_only);
  absl::Status status = Fill(options, &request);
  if (!status.ok()) return status;
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::ReconfigureResponse response;
  status = session.Call(Service::kAggregator, *stub, &PipelineService::Stub::Reconfigure, request,
                        &response);
  if (!status.ok()) return status;
  PrintSettings(response.pipeline(), options.format);
  // Beside the data, which stays what `settings get` prints.
  const std::string who = Acknowledgements::Of(response).Text();
  if (!who.empty()) Note(who);
  return absl::OkStatus();
}

}  // namespace

void AddSettingsSet(CommandLine* line) {
  line->Add("settings set", "Changes settings while the pipeline runs; what is not named stays",
            [](Command& command) {
              const auto options = std::make_shared<SetOptions>();
              command.Argument("PIPELINE", &options->pipeline,
                               "Pipeline; the one of --pipeline if empty", false);
              command.Option("--parallelism", &options->parallelism,
                             "Workers per aggregator replica, 1 to 64");
              command.Choice("--auto", &options->automatic, {"on", "off"},
                             "Whether replicas choose their number of workers themselves");
              command.Option("--min-workers", &options->min_workers,
                             "Fewest workers with --auto on; 0 for 1");
              command.Option("--max-workers", &options->max_workers,
                             "Most workers with --auto on; 0 for one a processor");
              command.Option("--rate", &options->rate,
                             "Most records read per second from each partition; 0 for no limit");
              command.Option("--total-rate", &options->total_rate,
                             "Most records read per second from the whole topic; 0 for no limit");
              command.Option("--byte-rate", &options->byte_rate,
                             "Most bytes read per second from the whole topic; 0 for no limit");
              command.Option("--commit-interval", &options->commit_interval,
                             "Least time between two commits of a worker, 0s to 60s");
              command.Option("--watermark-delay", &options->watermark_delay,
                             "How far event time may run behind before a record is late");
              command.Choice("--idle", &options->idle, {"wall-clock", "close-after", "wait"},
                             "What closes windows once every partition is idle");
              command.Option("--idle-timeout", &options->idle_timeout,
                             "How long a partition is empty before it is idle");
              command.Option("--close-after", &options->close_after,
                             "With --idle close-after: how long all must be idle");
              command.Option("--state-limit-mb", &options->state_limit_mb,
                             "Most memory, in MB, for windows that can still change");
              command.Option("--fetch-memory-mb", &options->fetch_memory_mb,
                             "Most memory, in MB, for records that a replica has fetched; 0 for "
                             "what it was started with");
              command.Flag("--validate-only", &options->validate_only, "Only check");
              command.Output(&options->format);
              command.Examples(
                  "  windrow settings set --parallelism 3\n"
                  "  windrow settings set sf-calls --rate 1000 --commit-interval 100ms\n"
                  "  windrow settings set --auto on --max-workers 4\n"
                  "  windrow settings set --watermark-delay 10m --idle wait");
              return [options](Session& session) { return Run(session, *options); };
            });
}

}  // namespace windrow::cli
