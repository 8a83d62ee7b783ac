#include "services/aggregator/start_positions.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/sink/frame_encoder.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/platform/kafka/group_metadata.h"
#include "services/platform/kafka/group_offsets.h"
#include "services/platform/kafka/transactional_producer.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

using kafka::OffsetToCommit;
using kafka::TopicPartition;

constexpr absl::Duration kTransactionTimeout = absl::Seconds(5);

// Whether the incarnation has ever read anything: then a missing offset is a lost one.
absl::StatusOr<bool> HasBegun(const kafka::KafkaConfig& config, kafka::TopicAdmin* admin,
                              const PipelinePlan& plan, const PipelineTopics& topics,
                              int source_partitions, absl::Time deadline) {
  auto group = kafka::GroupOffsets::Open(config, topics.group);
  if (!group.ok()) return group.status();
  std::vector<TopicPartition> partitions;
  for (int p = 0; p < source_partitions; ++p) partitions.emplace_back(plan.source_topic, p);
  const auto committed = (*group)->Read(partitions, deadline - absl::Now());
  if (!committed.ok()) return committed.status();
  for (const auto& offset : *committed) {
    if (offset.second.offset.has_value()) return true;
  }
  for (int m = 0; m < plan.merge_partitions; ++m) {
    const auto range = admin->QueryOffsets(topics.partials, m, deadline - absl::Now());
    if (!range.ok()) return range.status();
    if (range->end > 0) return true;
  }
  return false;
}

absl::StatusOr<std::vector<OffsetToCommit>> FindOffsets(kafka::TopicAdmin* admin,
                                                        const PipelinePlan& plan,
                                                        const ControlledStart& start,
                                                        int source_partitions,
                                                        absl::Time deadline) {
  std::vector<OffsetToCommit> offsets;
  for (int p = 0; p < source_partitions; ++p) {
    const absl::Duration left = deadline - absl::Now();
    absl::StatusOr<int64_t> offset;
    if (start.kind == ControlledStart::Kind::kRecordTime) {
      offset =
          admin->FindOffset(plan.source_topic, p, absl::FromUnixMillis(start.record_time_ms), left);
    } else {
      const auto range = admin->QueryOffsets(plan.source_topic, p, left);
      offset = range.ok() ? absl::StatusOr<int64_t>(range->end) : range.status();
    }
    if (!offset.ok()) return offset.status();
    SourcePosition position;
    position.partition = p;
    position.base_offset = *offset;
    position.end_offset = *offset;
    offsets.push_back({plan.source_topic, p, *offset, EncodeSourceCheckpoint(position)});
  }
  return offsets;
}

absl::Status Commit(kafka::TransactionalProducer* producer, const std::string& group,
                    const std::vector<OffsetToCommit>& offsets, absl::Time deadline) {
  const auto metadata = kafka::ClientGroupMetadata::OfNoMember(group);
  record_log::TransactionStep step = producer->Begin();
  if (step.ok()) step = producer->SendOffsets(offsets, *metadata, deadline);
  if (step.ok()) step = producer->Commit(deadline);
  // What a transaction that failed leaves behind, the next one to take the id puts an end to.
  return step.ok()
             ? absl::OkStatus()
             : absl::UnavailableError(absl::StrCat("fix where ", group, " begins: ", step.message));
}

}  // namespace

absl::Status FixStartPositions(const kafka::KafkaConfig& config, kafka::TopicAdmin* admin,
                               const PipelinePlan& plan, const ControlledStart& start,
                               int source_partitions, absl::Duration timeout) {
  if (start.kind == ControlledStart::Kind::kEarliest) return absl::OkStatus();
  const absl::Time deadline = absl::Now() + timeout;
  const PipelineTopics topics(plan.id, plan.incarnation);
  const auto producer = kafka::TransactionalProducer::Create(config, topics.group + ".start",
                                                             kTransactionTimeout, timeout);
  if (!producer.ok()) return producer.status();
  const absl::StatusOr<bool> begun =
      HasBegun(config, admin, plan, topics, source_partitions, deadline);
  if (!begun.ok()) return begun.status();
  if (*begun) return absl::OkStatus();
  const auto offsets = FindOffsets(admin, plan, start, source_partitions, deadline);
  if (!offsets.ok()) return offsets.status();
  const absl::Status committed = Commit(producer->get(), topics.group, *offsets, deadline);
  if (!committed.ok()) return committed;
  for (const OffsetToCommit& offset : *offsets) {
    runtime::LogInfo("start fixed", {{"pipeline", plan.id},
                                     {"incarnation", plan.incarnation},
                                     {"partition", offset.partition},
                                     {"offset", offset.offset}});
  }
  return absl::OkStatus();
}

}  // namespace windrow::aggregator
