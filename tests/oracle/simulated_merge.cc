#include "tests/oracle/simulated_merge.h"

#include <algorithm>
#include <utility>

#include "services/aggregator/sink/result_encoder.h"
#include "services/aggregator/source/frame_decoder.h"

namespace windrow::oracle {

using ::windrow::aggregator::Frame;
using ::windrow::aggregator::Merger;

SimulatedMerge::SimulatedMerge(std::shared_ptr<const aggregator::PipelinePlan> plan, int partition,
                               const std::vector<std::string>& partials, Schedule* schedule)
    : plan_(std::move(plan)),
      partition_(partition),
      partials_(partials),
      schedule_(*schedule),
      merger_(std::make_unique<Merger>(plan_)),
      results_(*plan_) {}

absl::Status SimulatedMerge::Step() {
  if (schedule_.calm()) return absl::OkStatus();
  if (schedule_.OneIn(30)) return Restore();
  absl::Status status = Apply(schedule_.Below(6));
  if (!status.ok()) return status;
  clock_us_ += schedule_.Below(100'000);
  if (schedule_.OneIn(3)) Commit();
  return absl::OkStatus();
}

absl::Status SimulatedMerge::Finish() {
  absl::Status status = schedule_.OneIn(2) ? Restore() : absl::OkStatus();
  while (status.ok() && next_ < static_cast<int64_t>(partials_.size())) {
    status = Apply(schedule_.calm() ? 1'000'000 : schedule_.Between(1, 10));
    if (status.ok() && schedule_.OneIn(2)) Commit();
  }
  if (!status.ok()) return status;
  Commit();
  // Rows that wait for an interval.
  while (merger_->next_due_us() != Merger::kAllDue) {
    clock_us_ = merger_->next_due_us();
    Commit();
  }
  return absl::OkStatus();
}

absl::Status SimulatedMerge::Apply(int64_t frames) {
  const int64_t end = std::min(next_ + frames, static_cast<int64_t>(partials_.size()));
  for (; next_ < end; ++next_) {
    const absl::StatusOr<Frame> frame = aggregator::DecodeFrame(*plan_, partials_[next_]);
    if (!frame.ok()) return frame.status();
    merger_->Apply(*frame);
  }
  return absl::OkStatus();
}

void SimulatedMerge::Commit() {
  aggregator::ResultEncoder encoder(plan_);
  encoder.Encode(partition_, merger_->TakeChanges(clock_us_), 0,
                 [this](absl::string_view key, absl::optional<absl::string_view> value) {
                   results_.Write(std::string(key), value);
                 });
  results_.EndCommit();
  committed_ = next_;
  WriteSnapshot();
}

void SimulatedMerge::WriteSnapshot() {
  if (unfinished_ == nullptr) {
    if (!schedule_.OneIn(5)) return;
    unfinished_ =
        std::make_unique<aggregator::SnapshotEncoder>(plan_, merger_->Image(), committed_);
    unfinished_records_.clear();
  }
  const auto most_bytes = static_cast<size_t>(schedule_.Between(1, 5'000));
  for (std::string& record : unfinished_->Encode(most_bytes)) {
    unfinished_records_.push_back(std::move(record));
  }
  if (!unfinished_->done()) return;
  snapshot_ = std::move(unfinished_records_);
  unfinished_ = nullptr;
}

absl::Status SimulatedMerge::Restore() {
  merger_ = std::make_unique<Merger>(plan_);
  unfinished_ = nullptr;
  next_ = 0;
  if (!snapshot_.empty()) {
    aggregator::SnapshotDecoder decoder(plan_.get());
    for (const std::string& record : snapshot_) {
      const absl::StatusOr<bool> complete = decoder.Add(record);
      if (!complete.ok()) return complete.status();
      if (*complete != (&record == &snapshot_.back())) {
        return absl::DataLossError("a snapshot is complete with its last record, and not before");
      }
    }
    merger_->Restore(decoder.snapshot());
    next_ = decoder.through();
  }
  // What is committed is written already.
  absl::Status status = Apply(committed_ - next_);
  merger_->DropChanges();
  return status;
}

}  // namespace windrow::oracle
