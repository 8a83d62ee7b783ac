#include <cstdlib>
#include <memory>

#include "absl/status/statusor.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/termination.h"
#include "services/producer/producer_app.h"
#include "services/producer/producer_flags.h"

int main(int argc, char** argv) {
  using windrow::producer::ProducerApp;
  windrow::runtime::BlockTerminationSignals();
  const auto options = windrow::producer::ParseProducerFlags(argc, argv);
  windrow::runtime::InitLog("producer", options.log_format, windrow::runtime::LogLevel::kInfo);

  absl::StatusOr<std::unique_ptr<ProducerApp>> app = ProducerApp::Build(options);
  const absl::Status status = app.ok() ? (*app)->Run() : app.status();
  if (status.ok()) return EXIT_SUCCESS;
  windrow::runtime::LogError("producer failed", {{"error", status.ToString()}});
  return EXIT_FAILURE;
}
