#ifndef SERVICES_PRODUCER_CORE_REPLAY_CONTROL_H_
#define SERVICES_PRODUCER_CORE_REPLAY_CONTROL_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/producer/core/replay_options.h"
#include "services/producer/core/replay_state.h"

namespace windrow::producer {

// A replay as reported; the fields are those of the contract's Replay.
struct ReplayStatus {
  ReplayState state = ReplayState::kNone;
  ReplayOptions options;
  int64_t records_sent = 0;
  int64_t records_acknowledged = 0;
  int64_t bytes_acknowledged = 0;
  int64_t records_total = 0;
  double records_per_second = 0;
  std::optional<int64_t> event_time_us;
  absl::Time start_time = absl::InfinitePast();
  absl::Time end_time = absl::InfiniteFuture();
  std::string error;
  // Changes with the state and the pace.
  std::string etag;
};

// What a command is for, beside itself.
struct CommandOptions {
  // Etag of the replay that the caller saw; empty for any.
  std::string etag;
  // Only tells what would come of it.
  bool validate_only = false;
};

// Commands the one replay that a producer runs at a time. Thread-safe. Errors are made by
// ReplayError: a code, a reason and words for people. What takes CommandOptions may also answer
// ABORTED (ETAG_MISMATCH).
class ReplayControl {
 public:
  virtual ~ReplayControl() = default;

  // Starts a replay of valid options. FAILED_PRECONDITION (REPLAY_ACTIVE); NOT_FOUND
  // (DATASET_NOT_FOUND, TOPIC_NOT_FOUND); INVALID_ARGUMENT (DATASET_UNREADABLE); UNAVAILABLE or
  // DEADLINE_EXCEEDED (KAFKA_UNAVAILABLE).
  virtual absl::StatusOr<ReplayStatus> Start(const ReplayOptions& options) = 0;
  // When it returns, nothing more is sent. FAILED_PRECONDITION (REPLAY_NOT_RUNNING).
  virtual absl::StatusOr<ReplayStatus> Pause(const CommandOptions& options) = 0;
  // FAILED_PRECONDITION (REPLAY_NOT_PAUSED).
  virtual absl::StatusOr<ReplayStatus> Resume(const CommandOptions& options) = 0;
  // Waits until what was sent is acknowledged. FAILED_PRECONDITION (REPLAY_NOT_ACTIVE);
  // DEADLINE_EXCEEDED (REPLAY_STOPPING): it goes on stopping.
  virtual absl::StatusOr<ReplayStatus> Stop(absl::Duration timeout,
                                            const CommandOptions& options) = 0;
  // FAILED_PRECONDITION (REPLAY_NOT_ACTIVE).
  virtual absl::StatusOr<ReplayStatus> UpdatePace(const Pace& pace,
                                                  const CommandOptions& options) = 0;
  virtual ReplayStatus Get() = 0;
};

// An error with a reason in UPPER_SNAKE.
absl::Status ReplayError(absl::StatusCode code, absl::string_view reason,
                         absl::string_view message);

// The reason of an error; "INTERNAL" when it has none.
std::string ReplayErrorReason(const absl::Status& status);

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_REPLAY_CONTROL_H_
