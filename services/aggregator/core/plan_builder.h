#ifndef SERVICES_AGGREGATOR_CORE_PLAN_BUILDER_H_
#define SERVICES_AGGREGATOR_CORE_PLAN_BUILDER_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Builds plans for tests. Views are called "view-0", "view-1"…, group by the first field unless
// told otherwise, and count.
class PlanBuilder {
 public:
  PlanBuilder() { plan_.merge_partitions = 1; }

  PlanBuilder& Delay(EventSpan delay) { return Set(&PipelinePlan::watermark_delay, delay); }
  PlanBuilder& MaxFutureSkew(EventSpan skew) { return Set(&PipelinePlan::max_future_skew, skew); }
  PlanBuilder& Horizon(EventSpan span) { return Set(&PipelinePlan::correction_horizon, span); }
  PlanBuilder& Generation(int64_t generation) {
    return Set(&PipelinePlan::plan_generation, generation);
  }
  // Instead of the policy that is declared.
  PlanBuilder& ChangedIdle(IdlePolicy policy) { return Set(&PipelinePlan::idle_policy, policy); }
  PlanBuilder& MergePartitions(int count) { return Set(&PipelinePlan::merge_partitions, count); }
  PlanBuilder& TimeFormat(EventTimeFormat format) {
    return Set(&PipelinePlan::event_time_format, std::move(format));
  }
  PlanBuilder& Zone(std::string zone) {
    plan_.event_time_format.time_zone = std::move(zone);
    return *this;
  }
  PlanBuilder& Idle(IdlePolicy policy) {
    plan_.declared_idle_policy = policy;
    return Set(&PipelinePlan::idle_policy, policy);
  }

  PlanBuilder& View(EventSpan size, EventSpan slide, EventSpan offset = 0) {
    AddView().window = WindowSpec::Create(size, slide, offset).value();
    return GroupBy({0});
  }
  PlanBuilder& SessionView(EventSpan gap) {
    AddView().session_gap = gap;
    return GroupBy({0});
  }
  // Of the last view, as those below.
  PlanBuilder& GroupBy(std::vector<int> fields) {
    plan_.views.back().group_fields = std::move(fields);
    return *this;
  }
  PlanBuilder& Emit(EmitMode mode, EventSpan interval = 0) {
    plan_.views.back().emit = mode;
    plan_.views.back().emit_interval = interval;
    return *this;
  }
  // `field` is read once for each aggregate.
  PlanBuilder& Aggregate(AggregateFunction function, int field, ValueType type, int limit = 10) {
    AggregatePlan aggregate;
    aggregate.name = absl::StrCat("aggregate-", plan_.views.back().aggregates.size());
    aggregate.function = function;
    aggregate.input = static_cast<int>(plan_.inputs.size());
    aggregate.type = type;
    aggregate.limit = limit;
    plan_.inputs.push_back({field, type});
    plan_.views.back().aggregates.push_back(aggregate);
    plan_.views.back().stateful.push_back(aggregate);
    return *this;
  }
  // Of fields called "f0", "f1"…, the values of a record in their order.
  PlanBuilder& Where(absl::string_view filter) {
    plan_.views.back().filter = Filter::Parse(filter).value();
    std::vector<int> positions;
    for (const std::string& field : plan_.views.back().filter->fields()) {
      positions.push_back(std::stoi(field.substr(1)));
    }
    plan_.views.back().filter->Bind(std::move(positions));
    return *this;
  }
  PlanBuilder& InnerJoin(const std::vector<std::string>& keys, int group_index = 0) {
    return Join(keys, group_index, true);
  }
  PlanBuilder& LeftJoin(const std::vector<std::string>& keys, int group_index = 0) {
    return Join(keys, group_index, false);
  }

  std::shared_ptr<const PipelinePlan> Build() const {
    return std::make_shared<const PipelinePlan>(plan_);
  }

 private:
  template <typename Value>
  PlanBuilder& Set(Value PipelinePlan::*field, Value value) {
    plan_.*field = std::move(value);
    return *this;
  }

  ViewPlan& AddView() {
    plan_.views.emplace_back();
    ViewPlan& view = plan_.views.back();
    view.id = absl::StrCat("view-", plan_.views.size() - 1);
    view.aggregates.emplace_back();
    view.aggregates.back().name = "count";
    return view;
  }

  PlanBuilder& Join(const std::vector<std::string>& keys, int group_index, bool inner) {
    std::vector<StaticTable::Row> rows;
    for (const std::string& key : keys) rows.push_back({{"key", key}});
    JoinPlan join;
    join.table = std::make_shared<StaticTable>("1", "key", std::move(rows));
    join.group_index = group_index;
    join.inner = inner;
    plan_.views.back().join = std::move(join);
    return *this;
  }

  PipelinePlan plan_;
};

// A record for tests: its event time as UTC text, and its values.
class TestRecord {
 public:
  TestRecord& At(EventTime time) {
    return AtText(absl::FormatTime("%E4Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(time),
                                   absl::UTCTimeZone()));
  }
  TestRecord& AtText(std::string text) {
    time_ = std::move(text);
    return *this;
  }
  TestRecord& With(absl::optional<std::string> value) {
    values_.push_back(std::move(value));
    return *this;
  }

  // Views into this record.
  RecordFields fields() const {
    RecordFields fields;
    if (time_.has_value()) fields.event_time = *time_;
    for (const absl::optional<std::string>& value : values_) {
      fields.values.emplace_back();
      if (value.has_value()) fields.values.back() = *value;
    }
    return fields;
  }

 private:
  absl::optional<std::string> time_;
  std::vector<absl::optional<std::string>> values_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_PLAN_BUILDER_H_
