#include "services/aggregator/worker/source_restorer.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/aggregator/source/merge_restorer.h"
#include "services/aggregator/worker/broker_timeouts.h"

namespace windrow::aggregator {
namespace {

using record_log::CommittedOffset;
using record_log::GroupConsumer;
using record_log::TopicPartition;

bool Knows(const Merger& merger, int source_partition) {
  const auto& known = merger.closer().sources();
  return static_cast<size_t>(source_partition) < known.size() &&
         known[source_partition].has_value();
}

}  // namespace

absl::StatusOr<RestoredSource> SourceRestorer::Restore(int partition,
                                                       const CommittedOffset& committed,
                                                       int64_t known_generation,
                                                       GroupConsumer* consumer) const {
  return committed.offset.has_value() ? AtItsCheckpoint(partition, committed, known_generation)
                                      : AtItsBeginning(partition, consumer);
}

absl::StatusOr<RestoredSource> SourceRestorer::AtItsCheckpoint(int partition,
                                                               const CommittedOffset& committed,
                                                               int64_t known_generation) const {
  const absl::StatusOr<SourcePosition> position = DecodeSourceCheckpoint(committed.metadata);
  if (!position.ok()) return position.status();
  // Whoever read the partition before knew newer ones; ours come with the control log.
  if (position->plan_generation > known_generation) {
    return absl::UnavailableError(
        absl::StrCat("tables and settings of generation ", position->plan_generation,
                     " are not known here yet, those of ", known_generation, " are"));
  }
  RestoredSource restored;
  restored.position = *position;
  restored.position.partition = partition;
  restored.position.end_offset = *committed.offset;
  return restored;
}

absl::StatusOr<RestoredSource> SourceRestorer::AtItsBeginning(int partition,
                                                              GroupConsumer* consumer) const {
  const absl::StatusOr<bool> named = IsNamedInPartials(partition, consumer);
  if (!named.ok()) return named.status();
  const auto range = consumer->QueryOffsets({plan_->source_topic, partition}, kQueryTimeout);
  if (!range.ok()) return range.status();
  RestoredSource restored;
  restored.position.partition = partition;
  restored.position.end_offset = range->first;
  if (*named) {
    restored.error =
        absl::StrCat("the committed offset of ", plan_->source_topic, "-", partition, " in group ",
                     topics_.group, " was lost: reading on would count records twice");
  }
  return restored;
}

absl::StatusOr<bool> SourceRestorer::IsNamedInPartials(int partition,
                                                       GroupConsumer* consumer) const {
  // Any partition of partials will do: each is told of every source.
  const TopicPartition first(topics_.partials, 0);
  const auto committed = consumer->Committed({first}, kCommittedTimeout);
  if (!committed.ok()) return committed.status();
  const CommittedOffset& offset = committed->at(first);
  if (offset.offset.has_value()) {
    const absl::StatusOr<MergeStart> start = DecodeMergeCheckpoint(offset.metadata);
    if (!start.ok()) return start.status();
    const auto restored =
        RestoreMerges(cluster_, *clock_, plan_, topics_.partials, topics_.snapshots,
                      {{0, *offset.offset, *start}}, kRestoreTimeout);
    if (!restored.ok()) return restored.status();
    if (Knows(*restored->front().merger, partition)) return true;
  }
  const auto named = SourcesNamedSince(cluster_, *clock_, *plan_, topics_.partials, 0,
                                       offset.offset.value_or(0), kRestoreTimeout);
  if (!named.ok()) return named.status();
  return named->count(partition) > 0;
}

}  // namespace windrow::aggregator
