#ifndef SERVICES_AGGREGATOR_CORE_PIPELINE_PLAN_H_
#define SERVICES_AGGREGATOR_CORE_PIPELINE_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/core/aggregate_plan.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/core/event_time_format.h"
#include "services/aggregator/core/filter.h"
#include "services/aggregator/core/idle_policy.h"
#include "services/aggregator/core/static_table.h"
#include "services/aggregator/core/window_spec.h"

namespace windrow::aggregator {

// A look-up of one group field in a static table.
struct JoinPlan {
  std::shared_ptr<const StaticTable> table;
  // Index into ViewPlan::group_fields.
  int group_index = 0;
  bool inner = false;
  std::vector<std::string> columns;
};

// When the rows of a view are written.
enum class EmitMode { kEachCommit, kInterval, kFinal };

// A view, validated.
struct ViewPlan {
  std::string id;
  // The windows; none for sessions, which have a gap instead.
  absl::optional<WindowSpec> window;
  EventSpan session_gap = 0;
  // Indexes into PipelinePlan::fields.
  std::vector<int> group_fields;
  std::vector<AggregatePlan> aggregates;
  // Those of them that have a state, in the order of the states of a cell.
  std::vector<AggregatePlan> stateful;
  absl::optional<JoinPlan> join;
  // Which records count, bound to PipelinePlan::fields; nullopt for all.
  absl::optional<Filter> filter;
  EmitMode emit = EmitMode::kEachCommit;
  EventSpan emit_interval = 0;

  bool is_session() const { return !window.has_value(); }
  // How far after its event time a record's last window can end, as far as it alone tells.
  EventSpan longest_span() const { return is_session() ? session_gap : window->size(); }
  // End of the last window that a record of this time can be in, as far as it alone tells.
  EventTime LastEndOf(EventTime time) const {
    return is_session() ? time + session_gap : window->LastWindowEnd(window->PaneOf(time));
  }
};

// A field that aggregates read, and how.
struct InputPlan {
  // Index into PipelinePlan::fields.
  int field = 0;
  ValueType type = ValueType::kText;
};

// A pipeline, validated: what combine and merge need to know. Immutable once built; shared by
// every worker.
struct PipelinePlan {
  // Id of the pipeline: "sf-calls".
  std::string id;
  // Which of the pipeline's incarnations computes this.
  int incarnation = 1;
  std::string source_topic;
  // Top-level JSON fields that are read from a record: those of groups, filters and aggregates,
  // each once.
  std::vector<std::string> fields;
  // What aggregates read, each pair of field and type once.
  std::vector<InputPlan> inputs;
  std::string event_time_field;
  EventTimeFormat event_time_format;
  // Of records counted from now on.
  EventSpan watermark_delay = 0;
  EventSpan max_future_skew = kMicrosPerDay;
  EventSpan correction_horizon = kMicrosPerDay;
  // In force from now on, and until a position names another one.
  IdlePolicy idle_policy;
  IdlePolicy declared_idle_policy;
  std::vector<ViewPlan> views;
  int merge_partitions = 4;
  // Generation of the last change of a table that is in the joins, of watermark_delay or of
  // idle_policy; 0 for the first. Plans of one pipeline differ in nothing but this and those.
  int64_t plan_generation = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_PIPELINE_PLAN_H_
