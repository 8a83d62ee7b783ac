// Writes back offsets that a pipeline's consumer group has lost. See offset_restorer.h.
#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/time/time.h"
#include "services/aggregator/control_log.h"
#include "services/aggregator/offset_restorer.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/platform/kafka/kafka_flags.h"
#include "services/platform/runtime/flags.h"

ABSL_FLAG(std::string, pipeline, "sf-calls", "id of the pipeline");

int main(int argc, char** argv) {
  using namespace windrow;
  runtime::ParseFlagsOrExit(argc, argv,
                            "Writes back offsets that a pipeline's consumer group has lost, from "
                            "its log. Stop every replica of the aggregator first.");
  const kafka::KafkaConfig config = kafka::KafkaConfigFromFlags("windrow");
  const auto log = aggregator::ControlLog::Open(
      config, [] {}, absl::Seconds(30));
  if (!log.ok()) runtime::ExitWithUsageError(std::string(log.status().message()));
  const std::string name = "pipelines/" + absl::GetFlag(FLAGS_pipeline);
  const auto found = (*log)->Find(name);
  if (!found.has_value()) runtime::ExitWithUsageError("there is no pipeline " + name);
  const auto plan = aggregator::MakePlan(*found, found->served);
  if (!plan.ok()) runtime::ExitWithUsageError(std::string(plan.status().message()));
  const auto restored = aggregator::RestoreOffsets(config, *plan, absl::Minutes(5));
  if (!restored.ok()) runtime::ExitWithUsageError(std::string(restored.status().message()));
  for (const kafka::OffsetToCommit& offset : *restored) {
    std::cout << offset.topic << "-" << offset.partition << " " << offset.offset << "\n";
  }
  if (restored->empty()) std::cout << "no offset is missing\n";
}
