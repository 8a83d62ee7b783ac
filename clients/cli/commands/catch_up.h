#ifndef CLIENTS_CLI_COMMANDS_CATCH_UP_H_
#define CLIENTS_CLI_COMMANDS_CATCH_UP_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clients/cli/session.h"
#include "windrow/aggregator/v1/pipeline_service.pb.h"

namespace windrow::cli {

// Waits until the next incarnation of the pipeline, if it has one, has caught up and is served, and
// shows how far it is. The aggregator may restart meanwhile. DEADLINE_EXCEEDED after `wait`,
// ABORTED when another change replaces that incarnation, interrupted by a signal (block them
// first).
absl::Status WaitUntilServed(Session& session, const aggregator::v1::PipelineResource& pipeline,
                             absl::Duration wait);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_CATCH_UP_H_
