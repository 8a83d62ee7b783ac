#include "services/producer/core/replay_state.h"

namespace windrow::producer {
namespace {

std::optional<ReplayState> If(bool allowed, ReplayState next) {
  return allowed ? std::optional<ReplayState>(next) : std::nullopt;
}

}  // namespace

std::optional<ReplayState> NextReplayState(ReplayState state, ReplayEvent event) {
  switch (event) {
    case ReplayEvent::kStart:
      return If(!IsActive(state), ReplayState::kRunning);
    case ReplayEvent::kPause:
      return If(state == ReplayState::kRunning, ReplayState::kPaused);
    case ReplayEvent::kResume:
      return If(state == ReplayState::kPaused, ReplayState::kRunning);
    case ReplayEvent::kFinish:
      return If(state == ReplayState::kRunning, ReplayState::kDone);
    case ReplayEvent::kStop:
      return If(IsActive(state), ReplayState::kStopped);
    case ReplayEvent::kFail:
      return If(IsActive(state), ReplayState::kFailed);
  }
  return std::nullopt;
}

bool IsActive(ReplayState state) {
  return state == ReplayState::kRunning || state == ReplayState::kPaused;
}

absl::string_view ReplayStateName(ReplayState state) {
  switch (state) {
    case ReplayState::kNone:
      return "none";
    case ReplayState::kRunning:
      return "running";
    case ReplayState::kPaused:
      return "paused";
    case ReplayState::kDone:
      return "done";
    case ReplayState::kStopped:
      return "stopped";
    case ReplayState::kFailed:
      return "failed";
  }
  return "unknown";
}

}  // namespace windrow::producer
