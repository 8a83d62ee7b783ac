#ifndef SERVICES_PRODUCER_CORE_PACER_H_
#define SERVICES_PRODUCER_CORE_PACER_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "services/producer/core/replay_options.h"

namespace windrow::producer {

// Decides when the next record may go. Pure: `now` is the time of any monotonic clock, counted from
// any origin, and never decreases. Not thread-safe.
//
// At a rate, records go at even distances. At a speed-up, a record goes when as much time has
// passed (times the speed-up) as lies between its event time and the first record's; records that
// lie before one already sent, or have no event time, never wait. A sender that was held up catches
// up with at most kMaxCatchUp worth of records; what it lost beyond that stays lost.
class Pacer {
 public:
  static constexpr absl::Duration kMaxCatchUp = absl::Milliseconds(200);

  Pacer(const Pace& pace, absl::Duration now);

  // How long the record with this event time (microseconds since the epoch) must still wait; zero
  // when it may go now.
  absl::Duration Delay(absl::Duration now, std::optional<int64_t> event_time_us);

  // Says that this record went. Call once per record, after Delay gave zero.
  void Sent(absl::Duration now, std::optional<int64_t> event_time_us);

  // A new pace, from the next record on: neither a burst nor a wait left over from the old pace.
  void SetPace(const Pace& pace, absl::Duration now);

  const Pace& pace() const { return pace_; }

  // After a pause: goes on as if no time had passed.
  void Resume(absl::Duration now);

 private:
  // Begins a new stretch of even pace at `now` and at the largest event time so far.
  void Anchor(absl::Duration now);
  absl::Duration DueByEventTime(int64_t event_time_us) const;

  Pace pace_;
  // At a rate: when the next record is due, and the distance of records.
  absl::Duration due_;
  absl::Duration distance_;
  // At a speed-up: the time that belongs to the event time `anchor_event_us_`.
  absl::Duration anchor_time_;
  std::optional<int64_t> anchor_event_us_;
  std::optional<int64_t> max_event_us_;
  std::optional<absl::Duration> last_sent_;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_CORE_PACER_H_
