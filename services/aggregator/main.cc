// The aggregator: counts records into windows, exactly once. See ARCHITECTURE.md.
#include <string>

#include "absl/time/time.h"
#include "services/aggregator/aggregator_app.h"
#include "services/aggregator/aggregator_flags.h"
#include "services/platform/runtime/flags.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/termination.h"

int main(int argc, char** argv) {
  using namespace windrow;
  runtime::BlockTerminationSignals();
  const aggregator::AggregatorApp::Options options = aggregator::ParseAggregatorFlags(argc, argv);
  runtime::InitLog("aggregator", options.log_format, runtime::LogLevel::kInfo);
  const auto app = aggregator::AggregatorApp::Create(options);
  if (absl::IsCancelled(app.status())) return 0;
  if (!app.ok()) runtime::ExitWithUsageError(std::string(app.status().message()));
  while (!runtime::WaitForTermination(absl::Hours(1))) continue;
  return 0;
}
