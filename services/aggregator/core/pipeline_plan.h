#ifndef SERVICES_AGGREGATOR_CORE_PIPELINE_PLAN_H_
#define SERVICES_AGGREGATOR_CORE_PIPELINE_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/static_table.h"
#include "services/aggregator/core/window_spec.h"

namespace windrow::aggregator {

// What may close windows once every source partition is idle.
enum class AllIdle { kWallClock, kCloseAfter, kWait };

struct IdlePolicy {
  EventSpan idle_timeout = 30 * kMicrosPerSecond;
  AllIdle all_idle = AllIdle::kWallClock;
  EventSpan close_after = 30 * kMicrosPerSecond;
};

// A look-up of one group field in a static table.
struct JoinPlan {
  std::shared_ptr<const StaticTable> table;
  // Index into ViewPlan::group_fields.
  int group_index = 0;
  bool inner = false;
  std::vector<std::string> columns;
};

// A view, validated.
struct ViewPlan {
  std::string id;
  WindowSpec window;
  // Indexes into PipelinePlan::fields.
  std::vector<int> group_fields;
  // Names of the count aggregates.
  std::vector<std::string> counts;
  absl::optional<JoinPlan> join;
};

// A pipeline, validated: what combine and merge need to know. Immutable once built; shared by
// every worker.
struct PipelinePlan {
  // Id of the pipeline: "sf-calls".
  std::string id;
  std::string source_topic;
  // Top-level JSON fields that are read from a record: those of all groups, each once.
  std::vector<std::string> fields;
  std::string event_time_field;
  std::string time_zone = "UTC";
  EventSpan watermark_delay = 0;
  EventSpan max_future_skew = kMicrosPerDay;
  EventSpan correction_horizon = kMicrosPerDay;
  IdlePolicy idle_policy;
  std::vector<ViewPlan> views;
  int merge_partitions = 4;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_PIPELINE_PLAN_H_
