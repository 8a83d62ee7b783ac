#ifndef SERVICES_AGGREGATOR_OFFSET_RESTORER_H_
#define SERVICES_AGGREGATOR_OFFSET_RESTORER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/platform/kafka/committed_offsets.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::aggregator {

// Writes back offsets that a pipeline's consumer group has lost (deleted by hand, or expired), from
// the last positions in the pipeline's own log:
//  - of a source partition, where the last frame in partials says that it was read to;
//  - of a partition of partials, where the last complete snapshot ends, or the log's beginning;
//  what
//    follows is merged again, which writes rows that are there already once more, with the same
//    values.
// Offsets that are still there stay as they are. Returns those written; none when nothing was lost.
// FAILED_PRECONDITION while a replica runs; DATA_LOSS when the log does not hold what is needed.
absl::StatusOr<std::vector<kafka::OffsetToCommit>> RestoreOffsets(
    const kafka::KafkaConfig& config, std::shared_ptr<const PipelinePlan> plan,
    absl::Duration timeout);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_OFFSET_RESTORER_H_
