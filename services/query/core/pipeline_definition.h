#ifndef SERVICES_QUERY_CORE_PIPELINE_DEFINITION_H_
#define SERVICES_QUERY_CORE_PIPELINE_DEFINITION_H_

#include <map>
#include <string>
#include <vector>

namespace windrow::query {

// How the values of an aggregate in several rows make one value of all their records.
enum class TotalRule {
  // Not at all: an average of averages is none.
  kNone,
  kSum,
  kLeast,
  kGreatest,
};

// An aggregate of a view, as far as totals need to know it.
struct AggregateDefinition {
  std::string name;
  TotalRule total_rule = TotalRule::kNone;
};

struct ViewDefinition {
  // In the order of a row's values.
  std::vector<AggregateDefinition> aggregates;
};

// What an incarnation of a pipeline computes. A plain value.
struct PipelineDefinition {
  // By id.
  std::map<std::string, ViewDefinition> views;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_PIPELINE_DEFINITION_H_
