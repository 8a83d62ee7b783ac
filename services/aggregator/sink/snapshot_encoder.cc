#include "services/aggregator/sink/snapshot_encoder.h"

#include <utility>

#include "services/aggregator/core/frame.h"
#include "services/aggregator/sink/position_encoder.h"

namespace windrow::aggregator {

SnapshotEncoder::SnapshotEncoder(std::shared_ptr<const PipelinePlan> plan, MergeImage image,
                                 int64_t through)
    : plan_(std::move(plan)),
      image_(std::move(image)),
      through_(through),
      splitter_(
          plan_.get(),
          [this] {
            EndRecord();
            StartRecord();
          },
          [this](int view) {
            windrow::snapshots::v1::ViewState* state = record_.add_views();
            state->set_view(view);
            return state->mutable_cells();
          }) {
  StartRecord();
  EncodeHeader();
}

void SnapshotEncoder::StartRecord() {
  record_.Clear();
  record_.set_format_version(kFormatVersion);
  record_.set_through(through_);
  record_.set_index(next_index_++);
  record_.set_range_end(std::numeric_limits<uint64_t>::max());
}

void SnapshotEncoder::EndRecord() {
  ready_.push_back(record_.SerializeAsString());
  ready_bytes_ += ready_.back().size();
}

void SnapshotEncoder::EncodeHeader() {
  const MergeProgress& progress = image_.progress;
  windrow::snapshots::v1::SnapshotHeader* header = record_.mutable_header();
  for (const SourcePosition& source : progress.sources) {
    EncodePosition(source, header->add_sources());
  }
  if (progress.closed_through != kNever) header->set_closed_through_us(progress.closed_through);
  if (progress.unchangeable_through != kNever) {
    header->set_unchangeable_through_us(progress.unchangeable_through);
  }
  header->set_drain_generation(progress.drain_generation);
  header->set_expired(progress.expired);
  header->set_discontinuities(progress.discontinuities);
  splitter_.Count(header->ByteSizeLong());
}

std::vector<std::string> SnapshotEncoder::Encode(size_t max_bytes) {
  while (!done_ && ready_bytes_ < max_bytes) Step();
  ready_bytes_ = 0;
  return std::exchange(ready_, {});
}

void SnapshotEncoder::Step() {
  if (view_ == image_.views.size()) {
    record_.set_last(true);
    EndRecord();
    done_ = true;
    image_ = MergeImage();
    return;
  }
  ViewImage& view = image_.views[view_];
  if (!opened_) {
    splitter_.Open(static_cast<int>(view_));
    opened_ = true;
  }
  DeltaCell cell;
  RowRevision revision;
  if (const std::string* group = view.rows->NextCell(&cell)) {
    splitter_.AddCell(cell, *group);
  } else if (late_ < view.late.size()) {
    splitter_.AddLate(view.late[late_++]);
  } else if (view.rows->NextRevision(&revision)) {
    splitter_.MakeRoom();
    auto* added = record_.mutable_views(record_.views_size() - 1)->add_revisions();
    added->set_window_start_us(revision.window_start);
    added->set_group(revision.group);
    added->set_revision(revision.revision);
    splitter_.Count(DeltaSplitter::kCellBytes + revision.group.size());
  } else {
    ++view_;
    opened_ = false;
    late_ = 0;
  }
}

}  // namespace windrow::aggregator
