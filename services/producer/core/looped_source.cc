#include "services/producer/core/looped_source.h"

#include <algorithm>

namespace windrow::producer {

absl::StatusOr<bool> LoopedSource::Next(SourceRecord* record) {
  absl::StatusOr<bool> more = pass_->Next(record);
  if (more.ok() && !*more && !pass_is_empty_) {
    const absl::Status begun = BeginAgain();
    if (!begun.ok()) return begun;
    more = pass_->Next(record);
  }
  if (!more.ok() || !*more) return more;
  pass_is_empty_ = false;
  if (record->event_time_us.has_value()) {
    if (!first_us_.has_value()) first_us_ = largest_us_ = *record->event_time_us;
    largest_us_ = std::max(largest_us_, *record->event_time_us);
    *record->event_time_us += shift_us_;
  }
  return true;
}

absl::Status LoopedSource::BeginAgain() {
  absl::StatusOr<std::unique_ptr<RecordSource>> again = open_();
  if (!again.ok()) return again.status();
  pass_ = *std::move(again);
  pass_is_empty_ = true;
  if (first_us_.has_value()) shift_us_ += largest_us_ - *first_us_;
  first_us_.reset();
  return pass_->Prepare(cancelled_);
}

}  // namespace windrow::producer
