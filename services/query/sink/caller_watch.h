#ifndef SERVICES_QUERY_SINK_CALLER_WATCH_H_
#define SERVICES_QUERY_SINK_CALLER_WATCH_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"

namespace windrow::query {

// Ends the scan of a call whose caller has gone or has run out of time: the answer would be for
// nobody. A value of one thread.
class CallerWatch {
 public:
  // Whether the caller still waits for the answer; empty: always.
  using IsWaiting = std::function<bool()>;

  // Rows between two questions, since asking takes a lock: less than a millisecond.
  static constexpr int64_t kRowsBetween = 256;

  explicit CallerWatch(IsWaiting is_waiting) : is_waiting_(std::move(is_waiting)) {}

  // For each row; CANCELLED when nobody waits any more.
  absl::Status Check() {
    if (is_waiting_ == nullptr || ++rows_ % kRowsBetween != 0 || is_waiting_()) {
      return absl::OkStatus();
    }
    return absl::CancelledError("the caller does not wait for the answer any more");
  }

 private:
  const IsWaiting is_waiting_;
  int64_t rows_ = 0;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_CALLER_WATCH_H_
