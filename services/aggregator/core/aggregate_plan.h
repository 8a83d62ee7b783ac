#ifndef SERVICES_AGGREGATOR_CORE_AGGREGATE_PLAN_H_
#define SERVICES_AGGREGATOR_CORE_AGGREGATE_PLAN_H_

#include <cstdint>
#include <string>

namespace windrow::aggregator {

enum class AggregateFunction { kCount, kSum, kMin, kMax, kAvg, kCountDistinct, kTopK };

// How a field is read.
enum class ValueType { kDouble, kInteger, kText };

// One aggregate of a view, validated.
struct AggregatePlan {
  std::string name;
  AggregateFunction function = AggregateFunction::kCount;
  // Index into PipelinePlan::inputs; -1 for a count of records.
  int input = -1;
  ValueType type = ValueType::kText;
  // kCountDistinct: exact up to this many values. kTopK: how many.
  int limit = 0;

  // Whether cells hold anything for it besides their number of records.
  bool has_state() const { return input >= 0; }
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_AGGREGATE_PLAN_H_
