#include "services/aggregator/worker/merge_partition.h"

#include <utility>

#include "absl/status/statusor.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/watermark_report.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

// Of a batch, by which latencies are measured.
constexpr size_t kMostRecordTimes = 500;

}  // namespace

MergePartition::MergePartition(std::shared_ptr<const PipelinePlan> plan, RestoredMerge restored,
                               const RestoreRequest& request, size_t snapshot_bytes)
    : plan_(std::move(plan)),
      partition_(request.partition),
      merger_(std::move(restored.merger)),
      next_offset_(request.committed),
      sealed_offset_(request.committed),
      snapshots_(plan_, request.start, restored.replayed_bytes, snapshot_bytes) {}

void MergePartition::Resume(const MergeStart& snapshot) {
  merger_->DropChanges();
  own_offset_ = -1;
  sealed_offset_ = next_offset_;
  snapshots_.Resume(snapshot);
}

bool MergePartition::HasRoom(int64_t share_bytes) {
  const auto bytes = static_cast<int64_t>(merger_->bytes());
  const bool blocked = bytes > share_bytes;
  if (blocked != blocked_) {
    blocked_ = blocked;
    runtime::LogWarning(blocked ? "state limit reached" : "state limit raised",
                        {{"pipeline", plan_->id},
                         {"merge_partition", partition_},
                         {"state_bytes", bytes},
                         {"share_bytes", share_bytes}});
  }
  return !blocked;
}

absl::Status MergePartition::Apply(int64_t offset, absl::string_view frame) {
  const absl::StatusOr<Frame> decoded = DecodeFrame(*plan_, frame);
  if (!decoded.ok()) return decoded.status();
  merger_->Apply(*decoded);
  if (record_times_ms_.size() < kMostRecordTimes) {
    record_times_ms_.insert(record_times_ms_.end(), decoded->record_times_ms.begin(),
                            decoded->record_times_ms.end());
  }
  next_offset_ = offset + 1;
  snapshots_.CountPartials(frame.size());
  return absl::OkStatus();
}

absl::optional<int64_t> MergePartition::NextOwnOffset() const {
  if (own_offset_ < 0 || next_offset_ != own_offset_ + 1) return absl::nullopt;
  return next_offset_ + 1;
}

bool MergePartition::HasSomethingToSeal(absl::Time now) const {
  return next_offset_ > sealed_offset_ || merger_->next_due_us() <= absl::ToUnixMicros(now);
}

MergeOutput MergePartition::Seal(absl::Time now, bool* may_begin_snapshot) {
  sealed_offset_ = next_offset_;
  uncommitted_ = true;
  sealed_record_times_ms_ = std::move(record_times_ms_);
  record_times_ms_.clear();
  MergeOutput output;
  output.partition = partition_;
  output.changes = merger_->TakeChanges(absl::ToUnixMicros(now));
  if (snapshots_.Seal(*may_begin_snapshot, *merger_, next_offset_, &output)) {
    *may_begin_snapshot = false;
  }
  return output;
}

void MergePartition::OnCommitted(absl::Time now, RecentLatencies* latencies) {
  uncommitted_ = false;
  for (const int64_t time_ms : sealed_record_times_ms_) {
    latencies->Add(now, now - absl::FromUnixMillis(time_ms));
  }
  sealed_record_times_ms_.clear();
}

WorkerStatus::Merge MergePartition::Status(const PipelinePlan& plan, bool look, int64_t log_end) {
  WorkerStatus::Merge merge;
  merge.partition = partition_;
  merge.closed_through = merger_->closed_through();
  merge.drain_generation = merger_->drain_generation();
  merge.open_cells = static_cast<int64_t>(merger_->cell_count());
  merge.state_bytes = static_cast<int64_t>(merger_->bytes());
  for (size_t view = 0; view < plan.views.size(); ++view) {
    merge.windows_closed.push_back(merger_->windows_closed(view));
  }
  merge.blocked = blocked_;
  merge.next_offset = next_offset_;
  merge.log_end = log_end;
  if (look || wait_ == nullptr) wait_ = std::make_shared<MergeWait>(WaitOf(plan, *merger_));
  merge.wait = wait_;
  return merge;
}

}  // namespace windrow::aggregator
