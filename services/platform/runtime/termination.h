#ifndef SERVICES_PLATFORM_RUNTIME_TERMINATION_H_
#define SERVICES_PLATFORM_RUNTIME_TERMINATION_H_

#include "absl/time/time.h"

namespace windrow::runtime {

// Blocks SIGTERM and SIGINT in the calling thread and those that it starts later, and ignores
// SIGPIPE. Call first in main; then wait with the functions below.
void BlockTerminationSignals();

// Waits for SIGTERM or SIGINT. A second signal ends the process at once with exit code 130.
// Returns true when a signal came, false after `timeout`.
bool WaitForTermination(absl::Duration timeout);

}  // namespace windrow::runtime

#endif  // SERVICES_PLATFORM_RUNTIME_TERMINATION_H_
