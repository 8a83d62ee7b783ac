#include "absl/time/time.h"
#include "services/platform/runtime/flags.h"
#include "services/platform/runtime/termination.h"
#include "services/query/query_app.h"
#include "services/query/query_flags.h"

int main(int argc, char** argv) {
  namespace runtime = windrow::runtime;
  runtime::BlockTerminationSignals();
  auto app = windrow::query::QueryApp::Create(windrow::query::ParseQueryFlags(argc, argv));
  if (!app.ok()) runtime::ExitWithUsageError(app.status().message());
  while (!runtime::WaitForTermination(absl::Milliseconds(200))) (*app)->Tend();
  (*app)->Drain();
  return 0;
}
