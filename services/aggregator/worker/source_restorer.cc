#include "services/aggregator/worker/source_restorer.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/aggregator/source/merge_restorer.h"
#include "services/aggregator/worker/broker_timeouts.h"

namespace windrow::aggregator {
namespace {

using record_log::CommittedOffset;
using record_log::GroupConsumer;
using record_log::TopicPartition;

void AddKnown(const Merger& merger, std::set<int>* partitions) {
  const auto& known = merger.closer().sources();
  for (size_t i = 0; i < known.size(); ++i) {
    if (known[i].has_value()) partitions->insert(static_cast<int>(i));
  }
}

}  // namespace

absl::StatusOr<std::map<int, RestoredSource>> SourceRestorer::Restore(
    const std::map<TopicPartition, CommittedOffset>& committed, int64_t known_generation,
    GroupConsumer* consumer) const {
  std::map<int, RestoredSource> all;
  // Looked up when the first one is without an offset.
  absl::optional<std::set<int>> named;
  for (const auto& entry : committed) {
    if (entry.first.first != plan_->source_topic) continue;
    const int partition = entry.first.second;
    const bool begins = !entry.second.offset.has_value();
    if (begins && !named.has_value()) {
      absl::StatusOr<std::set<int>> found = NamedInPartials(consumer);
      if (!found.ok()) return found.status();
      named = *std::move(found);
    }
    absl::StatusOr<RestoredSource> restored =
        begins ? AtItsBeginning(partition, named->count(partition) > 0, consumer)
               : AtItsCheckpoint(partition, entry.second, known_generation);
    if (!restored.ok()) return restored.status();
    all.emplace(partition, *std::move(restored));
  }
  return all;
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

absl::StatusOr<RestoredSource> SourceRestorer::AtItsBeginning(int partition, bool named,
                                                              GroupConsumer* consumer) const {
  const auto range = consumer->QueryOffsets({plan_->source_topic, partition}, kQueryTimeout);
  if (!range.ok()) return range.status();
  RestoredSource restored;
  restored.position.partition = partition;
  restored.position.end_offset = range->first;
  if (named) {
    restored.error =
        absl::StrCat("the committed offset of ", plan_->source_topic, "-", partition, " in group ",
                     topics_.group, " was lost: reading on would count records twice");
  }
  return restored;
}

absl::StatusOr<std::set<int>> SourceRestorer::NamedInPartials(GroupConsumer* consumer) const {
  // Any partition of partials will do: each is told of every source.
  const TopicPartition first(topics_.partials, 0);
  const auto committed = consumer->Committed({first}, kCommittedTimeout);
  if (!committed.ok()) return committed.status();
  const CommittedOffset& offset = committed->at(first);
  absl::StatusOr<std::set<int>> named = SourcesNamedSince(
      cluster_, *clock_, *plan_, topics_.partials, 0, offset.offset.value_or(0), kRestoreTimeout);
  if (!named.ok()) return named.status();
  if (offset.offset.has_value()) {
    const absl::StatusOr<MergeStart> start = DecodeMergeCheckpoint(offset.metadata);
    if (!start.ok()) return start.status();
    const auto restored =
        RestoreMerges(cluster_, *clock_, plan_, topics_.partials, topics_.snapshots,
                      {{0, *offset.offset, *start}}, kRestoreTimeout);
    if (!restored.ok()) return restored.status();
    AddKnown(*restored->front().merger, &*named);
  }
  return named;
}

}  // namespace windrow::aggregator
