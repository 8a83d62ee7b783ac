#ifndef CLIENTS_CLI_HEALTH_CHECK_H_
#define CLIENTS_CLI_HEALTH_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clients/cli/session.h"

namespace windrow::cli {

// Asks a service for its health (grpc.health.v1). OK when it serves; UNAVAILABLE when it answers
// that it does not, yet; any other error as the call failed. `name` is one of the health service's,
// such as "liveness", shorter than 128 bytes.
absl::Status CheckHealth(const Session& session, Service service, absl::string_view name,
                         absl::Duration timeout);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_HEALTH_CHECK_H_
