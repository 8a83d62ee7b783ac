#ifndef SERVICES_PRODUCER_CORE_REPLAY_STATE_H_
#define SERVICES_PRODUCER_CORE_REPLAY_STATE_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace windrow::producer {

// The life of a replay:
//
//   none, done, stopped, failed --start--> running --finish--> done
//   running <--pause / resume--> paused
//   running, paused --stop--> stopped
//   running, paused --fail--> failed
enum class ReplayState { kNone, kRunning, kPaused, kDone, kStopped, kFailed };

enum class ReplayEvent { kStart, kPause, kResume, kFinish, kStop, kFail };

// The state after `event`, or nothing when the event is not allowed in `state`.
std::optional<ReplayState> NextReplayState(ReplayState state, ReplayEvent event);

// Whether a replay in `state` has still something to do.
bool IsActive(ReplayState state);

// "running", "paused", ...
absl::string_view ReplayStateName(ReplayState state);

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_REPLAY_STATE_H_
