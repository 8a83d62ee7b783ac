#ifndef SERVICES_AGGREGATOR_SIMULATION_SCENARIO_H_
#define SERVICES_AGGREGATOR_SIMULATION_SCENARIO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "services/aggregator/simulation/random.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {

// A record of the source topic, as somebody wrote it.
struct SourceRecord {
  int64_t timestamp_ms = 0;
  // nullopt for a record without a value.
  absl::optional<std::string> value;
};

// What is given: a pipeline, and what its source partitions will hold in the end.
struct Scenario {
  windrow::pipeline::v1::Pipeline pipeline;
  // What its table becomes, one after the other, while it runs: those of generation 1, 2…
  std::vector<windrow::pipeline::v1::StaticTable> later_tables;
  // The watermark delay and idle policy that are set along with them; as the pipeline declares
  // where absent.
  std::vector<windrow::pipeline::v1::Settings> later_settings;
  // By source partition.
  std::vector<std::vector<SourceRecord>> logs;
  // Partitions that exist from the start; the others are added later.
  int first_partitions = 1;
  // Whether a correction may come too late, or from a partition that was added later: then rows may
  // lack what is counted as expired.
  bool may_expire = false;
};

// What is drawn by chance.
struct ScenarioOptions {
  // Largest number of records of one partition.
  int records = 120;
  bool may_expire = true;
  // Whether table, watermark delay and idle policy change, so that it depends on timing which
  // records find a row, and which are late.
  bool later_tables = true;
};

// The filters that views may have; the recount knows each by its text.
const std::vector<std::string>& Filters();

Scenario MakeScenario(Random* random, const ScenarioOptions& options);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SIMULATION_SCENARIO_H_
