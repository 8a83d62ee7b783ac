#ifndef SERVICES_AGGREGATOR_START_POSITIONS_H_
#define SERVICES_AGGREGATOR_START_POSITIONS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/aggregator/core/control_state.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/topic_admin.h"

namespace windrow::aggregator {

// Fixes, once and for all replicas, where an incarnation begins that does not begin at the earliest
// record: whoever comes first commits the offsets of all source partitions for its group, in one
// transaction. Under a transactional id of the incarnation's own, so that of two who find nothing
// fixed the slower one is fenced. A partition that is added later begins at its beginning. Call
// before the first worker starts; the topics of the incarnation must exist. After any error, call
// again.
absl::Status FixStartPositions(const kafka::KafkaConfig& config, kafka::TopicAdmin* admin,
                               const PipelinePlan& plan, const ControlledStart& start,
                               int source_partitions, absl::Duration timeout);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_START_POSITIONS_H_
