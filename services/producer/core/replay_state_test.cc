#include "services/producer/core/replay_state.h"

#include <gtest/gtest.h>

#include <map>
#include <utility>

namespace windrow::producer {
namespace {

using State = ReplayState;
using Event = ReplayEvent;

TEST(ReplayStateTest, AllowsTheseTransitionsAndNoOthers) {
  const std::map<std::pair<State, Event>, State> allowed = {
      {{State::kNone, Event::kStart}, State::kRunning},
      {{State::kDone, Event::kStart}, State::kRunning},
      {{State::kStopped, Event::kStart}, State::kRunning},
      {{State::kFailed, Event::kStart}, State::kRunning},
      {{State::kRunning, Event::kPause}, State::kPaused},
      {{State::kPaused, Event::kResume}, State::kRunning},
      {{State::kRunning, Event::kFinish}, State::kDone},
      {{State::kRunning, Event::kStop}, State::kStopped},
      {{State::kPaused, Event::kStop}, State::kStopped},
      {{State::kRunning, Event::kFail}, State::kFailed},
      {{State::kPaused, Event::kFail}, State::kFailed},
  };
  for (State state : {State::kNone, State::kRunning, State::kPaused, State::kDone, State::kStopped,
                      State::kFailed}) {
    for (Event event : {Event::kStart, Event::kPause, Event::kResume, Event::kFinish, Event::kStop,
                        Event::kFail}) {
      const auto found = allowed.find({state, event});
      const auto expected =
          found == allowed.end() ? std::nullopt : std::optional<State>(found->second);
      EXPECT_EQ(NextReplayState(state, event), expected)
          << ReplayStateName(state) << ", event " << static_cast<int>(event);
    }
  }
}

TEST(ReplayStateTest, RunningAndPausedAreActive) {
  EXPECT_TRUE(IsActive(State::kRunning));
  EXPECT_TRUE(IsActive(State::kPaused));
  for (State state : {State::kNone, State::kDone, State::kStopped, State::kFailed}) {
    EXPECT_FALSE(IsActive(state));
  }
}

}  // namespace
}  // namespace windrow::producer
