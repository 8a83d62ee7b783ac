#ifndef SERVICES_QUERY_CORE_SERVED_PIPELINES_H_
#define SERVICES_QUERY_CORE_SERVED_PIPELINES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include "services/query/core/pipeline_definition.h"

namespace windrow::query {

// A record of the control log, as far as it decides which results are served.
struct ControlChange {
  enum class Kind {
    kCreate,
    kDelete,
    // Of a pipeline that exists, or that is created by it.
    kNewIncarnation,
    kSwitchOver,
    // Changes nothing here but the generation.
    kOther,
  };
  std::string request_id;
  // Name of the pipeline.
  std::string pipeline;
  int64_t expected_generation = 0;
  Kind kind = Kind::kOther;
  // For kSwitchOver.
  int incarnation = 0;
  // For kCreate and kNewIncarnation: what is computed.
  std::shared_ptr<const PipelineDefinition> definition;
};

// Which incarnation of which pipeline is served, by the control log: by the rules that
// windrow/control/v1/control.proto states, a change counts when its request id is new and the
// pipeline's generation is the one that it expects. Whoever applies the same records knows the
// same. A value of one thread.
class ServedPipelines {
 public:
  // By pipeline name and number of the incarnation.
  using Definitions =
      std::map<std::pair<std::string, int>, std::shared_ptr<const PipelineDefinition>>;

  void Apply(const ControlChange& change);

  // Number of the served incarnation, by pipeline name.
  const std::map<std::string, int>& served() const { return served_; }
  // Names of pipelines that existed and do not now.
  const std::set<std::string>& deleted() const { return deleted_; }
  // What is computed by the incarnations that are served, or are about to be.
  const Definitions& definitions() const { return definitions_; }

 private:
  struct History {
    int64_t generation = 0;
    int last_incarnation = 0;
    // The one that catches up; 0 for none.
    int next_incarnation = 0;
  };

  bool IsAcceptable(const ControlChange& change, const History& history, bool exists) const;
  // Forgets the definitions of a pipeline's incarnations but for these.
  void KeepDefinitions(const std::string& pipeline, const std::set<int>& incarnations);

  std::map<std::string, int> served_;
  std::set<std::string> deleted_;
  Definitions definitions_;
  std::map<std::string, History> histories_;
  std::unordered_set<std::string> request_ids_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_CORE_SERVED_PIPELINES_H_
