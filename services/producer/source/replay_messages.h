#ifndef SERVICES_PRODUCER_SOURCE_REPLAY_MESSAGES_H_
#define SERVICES_PRODUCER_SOURCE_REPLAY_MESSAGES_H_

#include <vector>

#include "services/producer/core/replay_control.h"
#include "services/producer/core/replay_options.h"
#include "windrow/producer/v1/producer_service.pb.h"

namespace windrow::producer {

// The contract's messages as plain values, and back. What the plain values cannot hold (an unknown
// order, a malformed time) is added to `problems`; everything else is left to CheckReplayOptions.
ReplayOptions ReplayOptionsFrom(const v1::ReplaySpec& spec, std::vector<OptionProblem>* problems);
Pace PaceFrom(const v1::Pace& pace);

// With the defaults filled in.
v1::ReplaySpec ReplaySpecFrom(const ReplayOptions& options);
v1::Replay ReplayFrom(const ReplayStatus& status);

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_SOURCE_REPLAY_MESSAGES_H_
