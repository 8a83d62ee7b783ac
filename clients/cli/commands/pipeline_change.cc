#include "clients/cli/commands/pipeline_change.h"

#include "absl/strings/str_cat.h"
#include "clients/cli/commands/catch_up.h"
#include "clients/cli/listing.h"
#include "clients/cli/output.h"
#include "clients/cli/time_text.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/platform/runtime/termination.h"

namespace windrow::cli {

void AddChangeOptions(Command& command, const std::shared_ptr<PipelineChangeOptions>& options) {
  command.Option("--etag", &options->etag,
                 "Only if the pipeline has not changed since it had this etag");
  command.Flag("--validate-only", &options->validate_only, "Only check; nothing is changed");
  command.Output(&options->format);
}

void AddStartOptions(Command& command, const std::shared_ptr<PipelineChangeOptions>& options) {
  command.Option(
      "--from", &options->from,
      "Where to begin in the source topic: earliest, latest or a time, of records' Kafka "
      "timestamps");
  command.Option("--backfill-rate", &options->backfill_rate,
                 "Most records read per second, in all, until it has caught up");
  command.Option("--wait", &options->wait, "Wait so long until the new incarnation is served");
}

absl::StatusOr<control::v1::StartPoint> ParseStart(const std::string& text) {
  control::v1::StartPoint start;
  if (text.empty()) return start;
  if (text == "earliest") {
    start.set_earliest(true);
  } else if (text == "latest") {
    start.set_latest(true);
  } else {
    const absl::StatusOr<absl::Time> time = ParseTimeText(text);
    if (!time.ok()) {
      return UsageError(absl::StrCat(
          "--from must be earliest, latest or a time such as 2018-12-31T23:50:00Z, not ", text));
    }
    *start.mutable_record_time() = ToTimestamp(*time);
  }
  return start;
}

absl::StatusOr<pipeline::v1::Pipeline> ReadPipelineFile(const std::string& path) {
  absl::StatusOr<pipeline::v1::Pipeline> pipeline = aggregator::LoadPipelineFile(path);
  if (!pipeline.ok()) return pipeline.status();
  // The rows travel instead.
  for (pipeline::v1::StaticTable& table : *pipeline->mutable_tables()) table.clear_path();
  return pipeline;
}

absl::Status FinishChange(Session& session, const aggregator::v1::PipelineResource& resource,
                          const std::string& what, const PipelineChangeOptions& options) {
  absl::Status status;
  if (options.wait > absl::ZeroDuration() && !options.validate_only) {
    runtime::BlockTerminationSignals();
    status = WaitUntilServed(session, resource, options.wait);
  }
  // What was changed is told although it is not served yet.
  PrintRecord(options.format, resource, [&] {
    PrintLine(absl::StrCat(resource.pipeline().name(), " ", what,
                           options.validate_only ? " (only checked)" : "", ", generation ",
                           resource.generation(), ", incarnation ", IncarnationText(resource)));
  });
  return status;
}

std::string StateText(const aggregator::v1::PipelineResource& resource) {
  if (resource.paused()) return "paused";
  return resource.has_next() ? "catching up" : "running";
}

std::string IncarnationText(const aggregator::v1::PipelineResource& resource) {
  const std::string served = absl::StrCat(resource.served().number());
  return resource.has_next() ? absl::StrCat(served, " -> ", resource.next().number()) : served;
}

}  // namespace windrow::cli
