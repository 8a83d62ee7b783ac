#include "services/aggregator/offset_restorer.h"

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/sink/frame_encoder.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/platform/kafka/group_offsets.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/topic_admin.h"

namespace windrow::aggregator {
namespace {

using kafka::CommittedOffset;
using kafka::OffsetToCommit;
using kafka::PartitionReader;
using kafka::RecordView;
using kafka::StartPosition;
using kafka::TopicPartition;

using CommittedOffsets = std::map<TopicPartition, CommittedOffset>;

// A merge partition as its log describes it.
struct LoggedMerge {
  MergeStart start;
  std::unique_ptr<Merger> merger;
};

// Reads the partitions of `topic` from `starts` to their visible end.
template <typename Visit>
absl::Status ReadToEnd(const kafka::KafkaConfig& config, const std::vector<StartPosition>& starts,
                       absl::Time deadline, Visit visit) {
  auto reader = PartitionReader::Create(config, starts);
  if (!reader.ok()) return reader.status();
  absl::Status failure;
  while (!(*reader)->at_end()) {
    const absl::StatusOr<int> count =
        (*reader)->Read(1000, absl::Milliseconds(100), [&](const RecordView& record) {
          if (failure.ok()) failure = visit(record);
        });
    if (!count.ok()) return count.status();
    if (!failure.ok()) return failure;
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(starts.front().topic, " is not readable"));
    }
  }
  return absl::OkStatus();
}

std::vector<StartPosition> Beginnings(const std::string& topic, int partitions) {
  std::vector<StartPosition> starts;
  for (int i = 0; i < partitions; ++i) starts.push_back({topic, i, StartPosition::kBeginning});
  return starts;
}

// Puts each partition's last complete snapshot into its merger.
absl::Status ReadSnapshots(const kafka::KafkaConfig& config,
                           const std::shared_ptr<const PipelinePlan>& plan,
                           const std::string& topic, absl::Time deadline,
                           std::vector<LoggedMerge>* merges) {
  struct Reading {
    absl::optional<SnapshotDecoder> decoder;
    int64_t first_offset = 0;
  };
  std::vector<Reading> readings(merges->size());
  return ReadToEnd(config, Beginnings(topic, plan->merge_partitions), deadline,
                   [&](const RecordView& record) {
                     Reading& reading = readings[record.partition];
                     if (!reading.decoder.has_value()) {
                       reading.decoder.emplace(plan.get());
                       reading.first_offset = record.offset;
                     }
                     const absl::StatusOr<bool> complete = reading.decoder->Add(record.value);
                     if (!complete.ok()) return complete.status();
                     if (!*complete) return absl::OkStatus();
                     LoggedMerge& merge = (*merges)[record.partition];
                     merge.start.snapshot_offset = reading.first_offset;
                     merge.start.snapshot_through = reading.decoder->through();
                     merge.merger = std::make_unique<Merger>(plan);
                     merge.merger->Restore(reading.decoder->snapshot());
                     reading.decoder.reset();
                     return absl::OkStatus();
                   });
}

absl::Status ReplayPartials(const kafka::KafkaConfig& config, const PipelinePlan& plan,
                            kafka::TopicAdmin* admin, const std::string& topic, absl::Time deadline,
                            std::vector<LoggedMerge>* merges) {
  std::vector<StartPosition> starts;
  for (int m = 0; m < plan.merge_partitions; ++m) {
    const MergeStart& start = (*merges)[m].start;
    const auto range = admin->QueryOffsets(topic, m, deadline - absl::Now());
    if (!range.ok()) return range.status();
    if (!start.snapshot_offset.has_value() && range->begin > 0) {
      return absl::DataLossError(absl::StrCat(topic, "-", m, " begins at offset ", range->begin,
                                              ", and there is no snapshot of what was before"));
    }
    starts.push_back({topic, m, start.snapshot_through});
  }
  return ReadToEnd(config, starts, deadline, [&](const RecordView& record) {
    const absl::StatusOr<Frame> frame = DecodeFrame(plan, record.value);
    if (!frame.ok()) return frame.status();
    Merger& merger = *(*merges)[record.partition].merger;
    merger.Apply(*frame);
    merger.DropChanges();
    return absl::OkStatus();
  });
}

// The furthest position of each source that any merge partition has heard of.
std::map<int, SourcePosition> LastPositions(const std::vector<LoggedMerge>& merges) {
  std::map<int, SourcePosition> last;
  for (const LoggedMerge& merge : merges) {
    for (const auto& source : merge.merger->closer().sources()) {
      if (!source.has_value()) continue;
      SourcePosition& known = last.try_emplace(source->partition, *source).first->second;
      if (source->end_offset > known.end_offset) known = *source;
    }
  }
  return last;
}

std::vector<OffsetToCommit> FindLost(const PipelinePlan& plan, const PipelineTopics& topics,
                                     const std::vector<LoggedMerge>& merges,
                                     const CommittedOffsets& committed) {
  const auto is_lost = [&](const std::string& topic, int partition) {
    const auto found = committed.find(TopicPartition(topic, partition));
    return found == committed.end() || !found->second.offset.has_value();
  };
  std::vector<OffsetToCommit> lost;
  for (const auto& source : LastPositions(merges)) {
    if (!is_lost(plan.source_topic, source.first)) continue;
    lost.push_back({plan.source_topic, source.first, source.second.end_offset,
                    EncodeSourceCheckpoint(source.second)});
  }
  for (int m = 0; m < plan.merge_partitions; ++m) {
    const MergeStart& start = merges[m].start;
    if (merges[m].merger->closer().sources().empty() || !is_lost(topics.partials, m)) continue;
    lost.push_back({topics.partials, m, start.snapshot_through,
                    EncodeMergeCheckpoint(start.snapshot_offset, start.snapshot_through)});
  }
  return lost;
}

}  // namespace

absl::StatusOr<std::vector<OffsetToCommit>> RestoreOffsets(const kafka::KafkaConfig& config,
                                                           std::shared_ptr<const PipelinePlan> plan,
                                                           absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  const PipelineTopics topics(plan->id, plan->incarnation);
  auto admin = kafka::TopicAdmin::Create(config);
  if (!admin.ok()) return admin.status();
  const auto source = (*admin)->DescribeTopic(plan->source_topic, timeout);
  if (!source.ok()) return source.status();
  auto group = kafka::GroupOffsets::Open(config, topics.group);
  if (!group.ok()) return group.status();

  std::vector<LoggedMerge> merges(plan->merge_partitions);
  for (LoggedMerge& merge : merges) merge.merger = std::make_unique<Merger>(plan);
  absl::Status status = ReadSnapshots(config, plan, topics.snapshots, deadline, &merges);
  if (status.ok()) {
    status = ReplayPartials(config, *plan, admin->get(), topics.partials, deadline, &merges);
  }
  if (!status.ok()) return status;

  std::vector<TopicPartition> partitions;
  for (int p = 0; p < source->partitions; ++p) partitions.emplace_back(plan->source_topic, p);
  for (int m = 0; m < plan->merge_partitions; ++m) partitions.emplace_back(topics.partials, m);
  const auto committed = (*group)->Read(partitions, deadline - absl::Now());
  if (!committed.ok()) return committed.status();
  const std::vector<OffsetToCommit> lost = FindLost(*plan, topics, merges, *committed);
  if (lost.empty()) return lost;
  status = (*group)->Write(lost);
  if (!status.ok()) return status;
  return lost;
}

}  // namespace windrow::aggregator
