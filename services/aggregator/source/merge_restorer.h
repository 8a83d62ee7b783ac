#ifndef SERVICES_AGGREGATOR_SOURCE_MERGE_RESTORER_H_
#define SERVICES_AGGREGATOR_SOURCE_MERGE_RESTORER_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/platform/record_log/cluster.h"
#include "services/platform/runtime/clock.h"

namespace windrow::aggregator {

// A merge partition to bring back.
struct RestoreRequest {
  int partition = 0;
  // The group's committed offset in partials: everything below it has been written to results.
  int64_t committed = 0;
  MergeStart start;
};

// A merge partition as of its committed offset.
struct RestoredMerge {
  int partition = 0;
  std::unique_ptr<Merger> merger;
  // Bytes of partials replayed.
  int64_t replayed_bytes = 0;
};

// Rebuilds merge state: the last complete snapshot, then the frames up to the committed offset (not
// up to the visible end: the transaction that committed the offset may not be visible yet, so its
// frames are waited for). Writes nothing. DATA_LOSS when frames that are needed are gone;
// DEADLINE_EXCEEDED when the frames have not come in `timeout`.
absl::StatusOr<std::vector<RestoredMerge>> RestoreMerges(
    record_log::Cluster* cluster, const runtime::Clock& clock,
    std::shared_ptr<const PipelinePlan> plan, const std::string& partials_topic,
    const std::string& snapshots_topic, const std::vector<RestoreRequest>& requests,
    absl::Duration timeout);

// Source partitions that any frame of one partition of partials names, from offset `begin` (or the
// log's beginning, if that is later) to the visible end. Every partition is told of every source.
absl::StatusOr<std::set<int>> SourcesNamedSince(record_log::Cluster* cluster,
                                                const runtime::Clock& clock,
                                                const PipelinePlan& plan,
                                                const std::string& partials_topic, int partition,
                                                int64_t begin, absl::Duration timeout);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_MERGE_RESTORER_H_
