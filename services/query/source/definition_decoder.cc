#include "services/query/source/definition_decoder.h"

#include <utility>

namespace windrow::query {
namespace {

using pipeline::v1::Aggregate;

TotalRule RuleOf(const Aggregate& aggregate) {
  switch (aggregate.function_case()) {
    case Aggregate::kCount:
    case Aggregate::kSum:
      return TotalRule::kSum;
    case Aggregate::kMin:
      return TotalRule::kLeast;
    case Aggregate::kMax:
      return TotalRule::kGreatest;
    default:
      return TotalRule::kNone;
  }
}

}  // namespace

PipelineDefinition DecodeDefinition(const pipeline::v1::Pipeline& pipeline) {
  PipelineDefinition definition;
  for (const pipeline::v1::View& view : pipeline.views()) {
    ViewDefinition& decoded = definition.views[view.id()];
    for (const Aggregate& aggregate : view.aggregates()) {
      decoded.aggregates.push_back({aggregate.name(), RuleOf(aggregate)});
    }
  }
  return definition;
}

}  // namespace windrow::query
