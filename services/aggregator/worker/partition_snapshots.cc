#include "services/aggregator/worker/partition_snapshots.h"

#include <algorithm>
#include <utility>

namespace windrow::aggregator {
namespace {

// With one commit: some milliseconds of work.
constexpr size_t kBytesPerCommit = 1'000'000;

}  // namespace

PartitionSnapshots::PartitionSnapshots(std::shared_ptr<const PipelinePlan> plan,
                                       const MergeStart& last, int64_t replayed_bytes,
                                       size_t least_bytes)
    : plan_(std::move(plan)),
      least_bytes_(least_bytes),
      last_(last),
      bytes_since_begun_(replayed_bytes) {}

void PartitionSnapshots::Resume(const MergeStart& last) {
  unfinished_.reset();
  last_ = last;
}

// So often that snapshots never outweigh the log that they replace.
bool PartitionSnapshots::IsDue() const {
  return bytes_since_begun_ > static_cast<int64_t>(std::max(least_bytes_, last_bytes_));
}

bool PartitionSnapshots::Seal(bool may_begin, const Merger& merger, int64_t next_offset,
                              MergeOutput* output) {
  const bool begins = unfinished_ == nullptr && may_begin && IsDue();
  if (begins) {
    unfinished_ = std::make_unique<SnapshotEncoder>(plan_, merger.Image(), next_offset);
    unfinished_offset_ = -1;
    unfinished_bytes_ = 0;
    bytes_since_begun_ = 0;
  }
  if (unfinished_ == nullptr) return false;
  output->snapshot = unfinished_->Encode(kBytesPerCommit);
  output->snapshot_through = unfinished_->through();
  output->snapshot_complete = unfinished_->done();
  if (output->snapshot_complete) unfinished_.reset();
  return begins;
}

absl::optional<MergeStart> PartitionSnapshots::OnCommitted(const CommitResult::Snapshot& written) {
  if (unfinished_offset_ < 0) unfinished_offset_ = written.offset;
  unfinished_bytes_ += written.bytes;
  if (!written.complete) return absl::nullopt;
  const MergeStart before = last_;
  last_.snapshot_offset = unfinished_offset_;
  last_.snapshot_through = written.through;
  last_bytes_ = unfinished_bytes_;
  if (!before.snapshot_offset.has_value()) return absl::nullopt;
  return before;
}

}  // namespace windrow::aggregator
