#ifndef SERVICES_AGGREGATOR_OTHERS_REPORT_H_
#define SERVICES_AGGREGATOR_OTHERS_REPORT_H_

#include <map>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/watermark_report.h"
#include "services/aggregator/worker/shared_alignment.h"
#include "services/aggregator/worker/worker_status.h"
#include "windrow/status/v1/status.pb.h"

namespace windrow::aggregator {

// What other replicas tell of one pipeline, in the terms in which this one thinks. A value.
struct OthersReport {
  // By source partition.
  std::map<int, SourceFacts> facts;
  std::map<int, SharedAlignment::Source> sources;
  struct Mark {
    EventTime watermark = kNever;
    EventSpan idle_for = 0;
  };
  std::map<int, Mark> marks;
  int partitions = 0;
  // Whether one of their sources waits for a slower one, which may be read here.
  bool waiting = false;
  // The least of their merge partitions; absent when they have none.
  absl::optional<EventTime> closed_through;

  // What is known of the sources when this replica has no merge partition of its own, with what
  // its own workers read; nullopt when nobody else has one.
  absl::optional<MergeWait> WaitWith(const std::vector<WorkerStatus>& own,
                                     EventSpan idle_timeout) const;
};

OthersReport ReportOthers(const PipelinePlan& plan,
                          const std::vector<windrow::status::v1::ReplicaStatus>& others);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_OTHERS_REPORT_H_
