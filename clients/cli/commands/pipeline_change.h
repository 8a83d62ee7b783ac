#ifndef CLIENTS_CLI_COMMANDS_PIPELINE_CHANGE_H_
#define CLIENTS_CLI_COMMANDS_PIPELINE_CHANGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/command_line.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"
#include "windrow/control/v1/control.pb.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::cli {

// What the commands that change pipelines have in common.
struct PipelineChangeOptions {
  std::string etag;
  bool validate_only = false;
  // Where a new incarnation begins; empty for the earliest record.
  std::string from;
  std::optional<int64_t> backfill_rate;
  // How long to wait until the new incarnation is served; 0 for not at all.
  absl::Duration wait = absl::ZeroDuration();
  std::string format = "table";
};

// Adds --etag, --validate-only and -o.
void AddChangeOptions(Command& command, const std::shared_ptr<PipelineChangeOptions>& options);
// Adds --from, --backfill-rate and --wait.
void AddStartOptions(Command& command, const std::shared_ptr<PipelineChangeOptions>& options);

// "earliest", "latest" or a time; not set for an empty text. A usage error otherwise.
absl::StatusOr<control::v1::StartPoint> ParseStart(const std::string& text);

// The pipeline of a file with the rows of its tables, as calls take it.
absl::StatusOr<pipeline::v1::Pipeline> ReadPipelineFile(const std::string& path);

// Prints what was done with a pipeline, such as "updated", or as JSON the pipeline itself; before
// that, waits for a new incarnation to be served, if that was asked for.
absl::Status FinishChange(Session& session, const aggregator::v1::PipelineResource& resource,
                          const std::string& what, const PipelineChangeOptions& options);

// "running", "paused", "catching up".
std::string StateText(const aggregator::v1::PipelineResource& resource);
// "2", or "1 -> 2" while the second catches up.
std::string IncarnationText(const aggregator::v1::PipelineResource& resource);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_PIPELINE_CHANGE_H_
