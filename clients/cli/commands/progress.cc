#include "absl/strings/str_cat.h"
#include "clients/cli/commands/commands.h"
#include "clients/cli/json_text.h"
#include "clients/cli/listing.h"
#include "clients/cli/live_table.h"
#include "clients/cli/output.h"
#include "clients/cli/progress_feed.h"
#include "clients/cli/spark_progress.h"
#include "clients/cli/time_text.h"
#include "services/platform/runtime/termination.h"

namespace windrow::cli {
namespace {

using ::windrow::aggregator::v1::PipelineService;
using ::windrow::aggregator::v1::Progress;
using ::windrow::aggregator::v1::Worker;

struct ProgressOptions {
  bool follow = false;
  absl::Duration interval = absl::Seconds(1);
  std::string format = "table";
};

void PrintProgress(const Progress& progress, const std::string& format, Listing* listing) {
  if (format == "spark") {
    PrintLine(SparkProgressJson(progress));
  } else if (format != "table") {
    listing->Add(progress, [] { return std::vector<std::string>(); });
  } else {
    PrintLine(absl::StrCat(progress.replica().empty() ? "all" : Printable(progress.replica()), ": ",
                           ProgressText(progress)));
    for (const Worker& worker : progress.workers()) {
      if (!worker.status().error().empty()) {
        PrintLine(absl::StrCat("worker ", worker.status().slot(), " of ",
                               Printable(worker.replica()),
                               " failed: ", Printable(worker.status().error())));
      }
    }
  }
  FlushOutput();
}

absl::Status RunOnce(Session& session, const ProgressOptions& options) {
  const auto stub = PipelineService::NewStub(session.Channel(Service::kAggregator));
  aggregator::v1::GetProgressRequest request;
  request.set_name(session.PipelineName());
  aggregator::v1::GetProgressResponse response;
  absl::Status status = session.Call(Service::kAggregator, *stub,
                                     &PipelineService::Stub::GetProgress, request, &response);
  if (!status.ok()) return status;
  if (options.format == "yaml") {
    PrintRecord(options.format, response.progress());
    return status;
  }
  Listing listing(options.format);
  PrintProgress(response.progress(), options.format, &listing);
  return status;
}

absl::Status Follow(Session& session, const ProgressOptions& options) {
  runtime::BlockTerminationSignals();
  ProgressFeed feed(&session, session.PipelineName(), options.interval);
  Listing listing(options.format);
  std::string last_trouble;
  std::string last_report;
  while (!runtime::WaitForTermination(options.interval)) {
    const std::string trouble = feed.trouble();
    if (trouble != last_trouble && !trouble.empty()) Note(Printable(trouble));
    last_trouble = trouble;
    const std::optional<Progress> progress = feed.progress();
    if (!progress.has_value() || progress->timestamp().SerializeAsString() == last_report) continue;
    last_report = progress->timestamp().SerializeAsString();
    PrintProgress(*progress, options.format, &listing);
  }
  return Interrupted("");
}

}  // namespace

void AddProgress(CommandLine* line) {
  line->Add("progress", "Shows rates, watermark and lag of the aggregator", [](Command& command) {
    const auto options = std::make_shared<ProgressOptions>();
    command.Flag("-f,--follow", &options->follow,
                 "A line per interval until Ctrl-C; comes back by itself after a restart");
    command.Option("--interval", &options->interval, "Time between two lines, 100ms to 1m");
    command.Output(&options->format, {"spark"},
                   "How to print; spark: as Spark's StreamingQueryProgress");
    command.Examples(
        "  windrow progress\n"
        "  windrow progress --follow --interval 500ms -o json\n"
        "  windrow progress --follow -o spark");
    return [options](Session& session) {
      if (options->interval < absl::Milliseconds(100) || options->interval > absl::Minutes(1)) {
        return UsageError("--interval must be 100ms to 1m");
      }
      return options->follow ? Follow(session, *options) : RunOnce(session, *options);
    };
  });
}

}  // namespace windrow::cli
