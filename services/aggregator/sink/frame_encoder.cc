#include "services/aggregator/sink/frame_encoder.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "services/aggregator/sink/cell_state_encoder.h"
#include "services/aggregator/sink/position_encoder.h"
#include "windrow/partials/v1/frame.pb.h"
#include "windrow/snapshots/v1/snapshot.pb.h"

namespace windrow::aggregator {
namespace {

namespace partials = windrow::partials::v1;
namespace snapshots = windrow::snapshots::v1;

constexpr uint32_t kFormatVersion = 1;
// Kafka refuses records above 1 MB by default. A record ends with what takes it past this size,
// which is a group of some 10 kB at most.
constexpr size_t kMaxRecordBytes = 400'000;
// Bytes of a cell, late count or revision without its group, at most.
constexpr size_t kCellBytes = 36;

// Spreads the cells of views over records of bounded size.
class DeltaSplitter {
 public:
  // `start_record` ends the present record and starts another; `add_delta` adds an empty delta to
  // the present record.
  DeltaSplitter(const PipelinePlan& plan, std::function<void()> start_record,
                std::function<partials::ViewDelta*(int view)> add_delta)
      : plan_(plan), start_record_(std::move(start_record)), add_delta_(std::move(add_delta)) {}

  void Add(const ViewDelta& delta) {
    Open(delta.view);
    const ViewPlan& view = plan_.views[delta.view];
    for (const DeltaCell& cell : delta.cells) {
      if (full()) Restart(delta.view);
      if (view.stateful.empty()) {
        AddCell(delta, cell, cell.accepted);
        continue;
      }
      // States that are too large for what is left of a record go on in further cells, which add
      // no records.
      CellStateEncoder states(cell.states);
      uint64_t accepted = cell.accepted;
      do {
        if (full()) Restart(delta.view);
        AddCell(delta, cell, accepted);
        accepted = 0;
        bytes_ += states.Encode(kMaxRecordBytes - std::min(bytes_, kMaxRecordBytes - 1),
                                out_->add_states());
      } while (!states.done());
    }
    for (const LateCount& late : delta.late) {
      if (full()) Restart(delta.view);
      auto* added = out_->add_late();
      added->set_window_start_us(late.window_start);
      added->set_records(late.records);
      bytes_ += kCellBytes;
    }
  }

  // Whether the present record has reached its size.
  bool full() const { return bytes_ > kMaxRecordBytes; }
  // Takes note of what was put into the present record besides.
  void Count(size_t bytes) { bytes_ += bytes; }
  // Goes on with the view in a new record.
  void Restart(int view) {
    start_record_();
    bytes_ = 0;
    Open(view);
  }

 private:
  void Open(int view) {
    out_ = add_delta_(view);
    out_->set_view(view);
    index_by_group_.clear();
    last_pane_ = 0;
  }

  void AddCell(const ViewDelta& delta, const DeltaCell& cell, uint64_t accepted) {
    const ViewPlan& view = plan_.views[delta.view];
    out_->add_pane_steps(cell.pane - last_pane_);
    last_pane_ = cell.pane;
    out_->add_group_indexes(GroupIndex(delta, cell.group));
    out_->add_accepted(accepted);
    if (view.is_session()) {
      out_->add_session_spans_us(cell.span);
    } else {
      AddCut(cell.cut == kNever ? 0 : cell.cut - view.window->PaneStart(cell.pane));
    }
    bytes_ += kCellBytes;
  }

  uint32_t GroupIndex(const ViewDelta& delta, uint32_t group) {
    const auto inserted = index_by_group_.try_emplace(group, out_->groups_size());
    if (inserted.second) {
      out_->add_groups(delta.groups[group]);
      bytes_ += delta.groups[group].size();
    }
    return inserted.first->second;
  }

  // Cuts are rare: the column exists only from the first one on, filled with zeros before it.
  void AddCut(EventSpan cut) {
    if (cut == 0 && out_->cuts_us_size() == 0) return;
    while (out_->cuts_us_size() + 1 < out_->pane_steps_size()) out_->add_cuts_us(0);
    out_->add_cuts_us(cut);
  }

  const PipelinePlan& plan_;
  const std::function<void()> start_record_;
  const std::function<partials::ViewDelta*(int view)> add_delta_;
  partials::ViewDelta* out_ = nullptr;
  absl::flat_hash_map<uint32_t, uint32_t> index_by_group_;
  int64_t last_pane_ = 0;
  size_t bytes_ = 0;
};

template <typename Message>
std::string ToJson(const Message& message) {
  std::string json;
  google::protobuf::util::MessageToJsonString(message, &json);
  return json;
}

}  // namespace

std::vector<std::string> EncodeFrame(const PipelinePlan& plan, const Frame& frame) {
  std::vector<std::string> records;
  if (frame.positions.empty()) return records;
  partials::Frame proto;
  proto.set_format_version(kFormatVersion);
  DeltaSplitter splitter(
      plan,
      [&] {
        records.push_back(proto.SerializeAsString());
        proto.clear_views();
      },
      [&](int) { return proto.add_views(); });
  for (const ViewDelta& delta : frame.views) splitter.Add(delta);
  partials::Frame last;
  for (const SourcePosition& position : frame.positions) {
    EncodePosition(position, last.add_positions());
  }
  if (!proto.views().empty() && proto.ByteSizeLong() + last.ByteSizeLong() > kMaxRecordBytes) {
    records.push_back(proto.SerializeAsString());
    proto.clear_views();
  }
  proto.mutable_positions()->Swap(last.mutable_positions());
  records.push_back(proto.SerializeAsString());
  return records;
}

std::vector<std::string> EncodeSnapshot(const PipelinePlan& plan, const MergeSnapshot& snapshot,
                                        int64_t through) {
  std::vector<std::string> records;
  snapshots::SnapshotRecord proto;
  const auto reset = [&] {
    proto.Clear();
    proto.set_format_version(kFormatVersion);
    proto.set_through(through);
    proto.set_index(static_cast<uint32_t>(records.size()));
    proto.set_range_end(std::numeric_limits<uint64_t>::max());
  };
  reset();
  auto* header = proto.mutable_header();
  for (const SourcePosition& source : snapshot.progress.sources) {
    EncodePosition(source, header->add_sources());
  }
  if (snapshot.progress.closed_through != kNever) {
    header->set_closed_through_us(snapshot.progress.closed_through);
  }
  if (snapshot.progress.unchangeable_through != kNever) {
    header->set_unchangeable_through_us(snapshot.progress.unchangeable_through);
  }
  header->set_drain_generation(snapshot.progress.drain_generation);
  header->set_expired(snapshot.progress.expired);
  header->set_discontinuities(snapshot.progress.discontinuities);
  const auto flush = [&] {
    records.push_back(proto.SerializeAsString());
    reset();
  };
  DeltaSplitter splitter(plan, flush, [&](int view) {
    snapshots::ViewState* state = proto.add_views();
    state->set_view(view);
    return state->mutable_cells();
  });
  splitter.Count(header->ByteSizeLong());
  for (const ViewSnapshot& view : snapshot.views) {
    splitter.Add(view.cells);
    for (const RowRevision& revision : view.revisions) {
      if (splitter.full()) splitter.Restart(view.cells.view);
      auto* added = proto.mutable_views(proto.views_size() - 1)->add_revisions();
      added->set_window_start_us(revision.window_start);
      added->set_group(revision.group);
      added->set_revision(revision.revision);
      splitter.Count(kCellBytes + revision.group.size());
    }
  }
  proto.set_last(true);
  records.push_back(proto.SerializeAsString());
  return records;
}

std::string EncodeSourceCheckpoint(const SourcePosition& position) {
  partials::SourcePosition proto;
  EncodePosition(position, &proto);
  return ToJson(proto);
}

std::string EncodeMergeCheckpoint(absl::optional<int64_t> snapshot_offset,
                                  int64_t snapshot_through) {
  if (!snapshot_offset.has_value()) return "";
  partials::MergeCheckpoint proto;
  proto.set_snapshot_offset(*snapshot_offset);
  proto.set_snapshot_through(snapshot_through);
  return ToJson(proto);
}

}  // namespace windrow::aggregator
