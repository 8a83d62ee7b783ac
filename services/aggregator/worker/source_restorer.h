#ifndef SERVICES_AGGREGATOR_WORKER_SOURCE_RESTORER_H_
#define SERVICES_AGGREGATOR_WORKER_SOURCE_RESTORER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/platform/record_log/cluster.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/record_log/offsets.h"
#include "services/platform/runtime/clock.h"

namespace windrow::aggregator {

// Where a source partition is taken up.
struct RestoredSource {
  SourcePosition position;
  // Why it must not be read; empty when it may.
  std::string error;
};

// Finds where source partitions are taken up: at their committed offsets, whose metadata is their
// position; or, if nobody ever committed one, at the beginning of their logs. Used by the worker's
// thread alone; cluster and clock outlive it.
class SourceRestorer {
 public:
  SourceRestorer(record_log::Cluster* cluster, const runtime::Clock* clock,
                 std::shared_ptr<const PipelinePlan> plan, PipelineTopics topics)
      : cluster_(cluster), clock_(clock), plan_(std::move(plan)), topics_(std::move(topics)) {}

  // Those of the source topic among `committed`, by partition. `known_generation` is that of the
  // newest plan here: UNAVAILABLE when a position is of a newer one, to be tried again.
  absl::StatusOr<std::map<int, RestoredSource>> Restore(
      const std::map<record_log::TopicPartition, record_log::CommittedOffset>& committed,
      int64_t known_generation, record_log::GroupConsumer* consumer) const;

 private:
  absl::StatusOr<RestoredSource> AtItsCheckpoint(int partition,
                                                 const record_log::CommittedOffset& committed,
                                                 int64_t known_generation) const;
  absl::StatusOr<RestoredSource> AtItsBeginning(int partition, bool named,
                                                record_log::GroupConsumer* consumer) const;
  // The sources that merge has ever heard of, or will when it has read on: their offsets cannot be
  // missing by right.
  absl::StatusOr<std::set<int>> NamedInPartials(record_log::GroupConsumer* consumer) const;

  record_log::Cluster* const cluster_;
  const runtime::Clock* const clock_;
  const std::shared_ptr<const PipelinePlan> plan_;
  const PipelineTopics topics_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_WORKER_SOURCE_RESTORER_H_
