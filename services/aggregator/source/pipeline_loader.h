#ifndef SERVICES_AGGREGATOR_SOURCE_PIPELINE_LOADER_H_
#define SERVICES_AGGREGATOR_SOURCE_PIPELINE_LOADER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/aggregator/core/control_state.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/source/pipeline_violation.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {

// Merge partitions of a pipeline that does not say.
inline constexpr int kDefaultMergePartitions = 4;

// Reads a pipeline file (text form of windrow.pipeline.v1.Pipeline) and the tables that it names.
// NOT_FOUND or INVALID_ARGUMENT with file, line and what to do.
absl::StatusOr<windrow::pipeline::v1::Pipeline> LoadPipelineFile(const std::string& path);

// Everything that is wrong with the pipeline or its settings; empty when it can be run.
std::vector<PipelineViolation> ValidatePipeline(const windrow::pipeline::v1::Pipeline& pipeline);

// The violations in one line.
std::string DescribeViolations(const std::vector<PipelineViolation>& violations);

// The plan of a valid pipeline with tables, watermark delay and idle policy (those of its settings,
// where they have any) of the given generation, for one of its incarnations; INVALID_ARGUMENT with
// all violations otherwise.
absl::StatusOr<std::shared_ptr<const PipelinePlan>> MakePlan(
    const windrow::pipeline::v1::Pipeline& pipeline, int64_t plan_generation = 0,
    int incarnation = 1);

// The plan of one incarnation of a pipeline, with the tables and settings of now.
absl::StatusOr<std::shared_ptr<const PipelinePlan>> MakePlan(
    const ControlledPipeline& controlled, const ControlledIncarnation& incarnation);

// The pipeline as the control log has it, with the tables of now: what is served, with the settings
// of now, or one incarnation, without settings.
windrow::pipeline::v1::Pipeline PipelineOf(const ControlledPipeline& controlled);
windrow::pipeline::v1::Pipeline PipelineOf(const ControlledIncarnation& incarnation);

// The pipeline's table of this name, or null.
windrow::pipeline::v1::StaticTable* FindTable(absl::string_view name,
                                              windrow::pipeline::v1::Pipeline* pipeline);

// Where the file of a table is that the pipeline file `path` declares.
std::string TablePath(const std::string& pipeline_path,
                      const windrow::pipeline::v1::StaticTable& table);

// "sf-calls" of "pipelines/sf-calls"; empty when it is not such a name.
std::string PipelineId(absl::string_view name);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_PIPELINE_LOADER_H_
