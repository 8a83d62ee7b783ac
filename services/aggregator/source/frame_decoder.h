#ifndef SERVICES_AGGREGATOR_SOURCE_FRAME_DECODER_H_
#define SERVICES_AGGREGATOR_SOURCE_FRAME_DECODER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/aggregator/core/frame.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"

namespace windrow::aggregator {

// Where the restore of a merge partition begins.
struct MergeStart {
  // First record of the last complete snapshot; nullopt when there is none.
  absl::optional<int64_t> snapshot_offset;
  // Offset in partials up to which the snapshot holds everything.
  int64_t snapshot_through = 0;
};

// These read what sink/frame_encoder.h writes. All return DATA_LOSS for bytes that are not of their
// format, and FAILED_PRECONDITION for a format version of the future.

// A record of `partials`.
absl::StatusOr<Frame> DecodeFrame(const PipelinePlan& plan, absl::string_view record);

// The metadata of a committed offset of a source partition.
absl::StatusOr<SourcePosition> DecodeSourceCheckpoint(absl::string_view metadata);

// The metadata of a committed offset of a partition of `partials`; empty means no snapshot.
absl::StatusOr<MergeStart> DecodeMergeCheckpoint(absl::string_view metadata);

// Puts the records of a snapshot together. A value of one thread.
class SnapshotDecoder {
 public:
  explicit SnapshotDecoder(const PipelinePlan* plan) : plan_(plan) {}

  // Takes the next record. Returns true when the snapshot is complete.
  absl::StatusOr<bool> Add(absl::string_view record);

  const MergeSnapshot& snapshot() const { return snapshot_; }
  // Offset in partials up to which the snapshot holds everything.
  int64_t through() const { return through_; }

 private:
  const PipelinePlan* plan_;
  MergeSnapshot snapshot_;
  int64_t through_ = 0;
  uint32_t next_index_ = 0;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SOURCE_FRAME_DECODER_H_
