#include "services/aggregator/catch_up.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>

namespace windrow::aggregator {
namespace {

namespace pb = windrow::status::v1;

// What is counted within a moment while records arrive.
constexpr int64_t kLevelRecords = 1'000;
constexpr int64_t kLevelFrames = 100;
constexpr int64_t kNothingClosed = std::numeric_limits<int64_t>::min();

using Sources = std::map<int, const pb::SourcePartitionStatus*>;
using Merges = std::map<int, const pb::MergePartitionStatus*>;

Sources SourcesOf(const std::vector<pb::PipelineStatus>& statuses) {
  Sources sources;
  for (const pb::PipelineStatus& status : statuses) {
    for (const pb::WorkerStatus& worker : status.workers()) {
      for (const pb::SourcePartitionStatus& source : worker.sources()) {
        // Of two that tell of a partition, one has just lost it.
        const pb::SourcePartitionStatus*& known =
            sources[static_cast<int>(source.position().source_partition())];
        if (known == nullptr || known->position().end_offset() < source.position().end_offset()) {
          known = &source;
        }
      }
    }
  }
  return sources;
}

Merges MergesOf(const std::vector<pb::PipelineStatus>& statuses) {
  Merges merges;
  for (const pb::PipelineStatus& status : statuses) {
    for (const pb::WorkerStatus& worker : status.workers()) {
      for (const pb::MergePartitionStatus& merge : worker.merges()) {
        merges[merge.partition()] = &merge;
      }
    }
  }
  return merges;
}

bool IsLevel(const pb::SourcePartitionStatus& next, const pb::SourcePartitionStatus* served) {
  if (!next.error().empty()) return false;
  // At the end of the log; behind it there may be markers of transactions, which nobody reads.
  if (next.position().idle_for_ms() > 0) return true;
  int64_t target = next.log_end_offset();
  if (target < 0) return false;
  if (served != nullptr) target = std::min(target, served->position().end_offset());
  return target - next.position().end_offset() <= kLevelRecords;
}

bool SourcesAreLevel(const Sources& next, const Sources& served) {
  int partitions = 0;
  for (const auto& source : next) {
    partitions =
        std::max(partitions, static_cast<int>(source.second->position().source_partitions()));
  }
  // Known as soon as anything has been committed.
  if (partitions == 0 || static_cast<int>(next.size()) < partitions) return false;
  return std::all_of(next.begin(), next.end(), [&](const auto& source) {
    const auto same = served.find(source.first);
    return IsLevel(*source.second, same == served.end() ? nullptr : same->second);
  });
}

int64_t ClosedThrough(const Merges& merges) {
  int64_t least = merges.empty() ? kNothingClosed : std::numeric_limits<int64_t>::max();
  for (const auto& merge : merges) {
    least =
        std::min(least, merge.second->has_closed_through_us() ? merge.second->closed_through_us()
                                                              : kNothingClosed);
  }
  return least;
}

}  // namespace

CatchUp CompareIncarnations(const std::vector<pb::PipelineStatus>& served,
                            const std::vector<pb::PipelineStatus>& next, bool same_source,
                            int next_merge_partitions) {
  const Sources served_sources = same_source ? SourcesOf(served) : Sources();
  if (!SourcesAreLevel(SourcesOf(next), served_sources)) return CatchUp::kBehind;
  const Merges merges = MergesOf(next);
  if (static_cast<int>(merges.size()) < next_merge_partitions) return CatchUp::kBehind;
  for (const auto& merge : merges) {
    const pb::MergePartitionStatus& status = *merge.second;
    if (status.blocked() || status.log_end_offset() < 0 ||
        status.log_end_offset() - status.next_offset() > kLevelFrames) {
      return CatchUp::kBehind;
    }
  }
  return ClosedThrough(merges) >= ClosedThrough(MergesOf(served)) ? CatchUp::kClosed
                                                                  : CatchUp::kLevel;
}

}  // namespace windrow::aggregator
