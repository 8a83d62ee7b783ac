#include "services/aggregator/source/frame_decoder.h"

#include <google/protobuf/util/json_util.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/aggregator/source/cell_state_decoder.h"
#include "windrow/partials/v1/frame.pb.h"
#include "windrow/snapshots/v1/snapshot.pb.h"

namespace windrow::aggregator {
namespace {

namespace partials = windrow::partials::v1;
namespace snapshots = windrow::snapshots::v1;

// Twelve thousand years from 1970: no time is further, and no sum of two overflows.
constexpr EventTime kMaxTime = 400'000 * 1000 * 1000LL * 1000 * 1000;
constexpr uint32_t kMaxPartitions = 1'000'000;

absl::Status CheckVersion(uint32_t version, absl::string_view what) {
  if (version == kFormatVersion) return absl::OkStatus();
  if (version == 0) return absl::DataLossError(absl::StrCat(what, " is of no known format"));
  return absl::FailedPreconditionError(
      absl::StrCat(what, " has format version ", version, "; this program reads ", kFormatVersion,
                   ": run the version that wrote it, or a later one"));
}

bool IsTime(int64_t time) { return -kMaxTime <= time && time <= kMaxTime; }

absl::StatusOr<IdlePolicy> FromProto(const partials::IdlePolicy& proto) {
  // As windrow.pipeline.v1.IdlePolicy.AllIdle has them.
  static constexpr AllIdle kAllIdle[] = {AllIdle::kWallClock, AllIdle::kCloseAfter, AllIdle::kWait};
  if (proto.all_idle() < 1 || proto.all_idle() > 3 || proto.idle_timeout_us() < 0 ||
      !IsTime(proto.idle_timeout_us()) || proto.close_after_us() < 0 ||
      !IsTime(proto.close_after_us())) {
    return absl::DataLossError("the idle policy of a source makes no sense");
  }
  IdlePolicy policy;
  policy.all_idle = kAllIdle[proto.all_idle() - 1];
  policy.idle_timeout = proto.idle_timeout_us();
  policy.close_after = proto.close_after_us();
  return policy;
}

absl::StatusOr<SourcePosition> FromProto(const partials::SourcePosition& proto) {
  if (proto.source_partition() >= kMaxPartitions || proto.source_partitions() > kMaxPartitions ||
      proto.base_offset() < 0 || proto.end_offset() < 0 || proto.idle_for_ms() < 0 ||
      proto.idle_for_ms() > kMaxTime / 1000 || !IsTime(proto.max_event_time_us()) ||
      !IsTime(proto.watermark_us()) || proto.watermark_delay_us() < 0 ||
      !IsTime(proto.watermark_delay_us())) {
    return absl::DataLossError("the position of a source makes no sense");
  }
  SourcePosition position;
  position.partition = static_cast<int>(proto.source_partition());
  position.partitions = static_cast<int>(proto.source_partitions());
  position.base_offset = proto.base_offset();
  position.end_offset = proto.end_offset();
  if (proto.has_max_event_time_us()) position.max_event_time = proto.max_event_time_us();
  if (proto.has_watermark_us()) position.watermark = proto.watermark_us();
  position.idle_for = proto.idle_for_ms() * 1000;
  position.drain_generation = proto.drain_generation();
  position.plan_generation = proto.plan_generation();
  position.watermark_delay = proto.watermark_delay_us();
  if (proto.has_idle_policy()) {
    const absl::StatusOr<IdlePolicy> policy = FromProto(proto.idle_policy());
    if (!policy.ok()) return policy.status();
    position.idle_policy = *policy;
  }
  position.counters.read = proto.counters().read();
  position.counters.dead_lettered = proto.counters().dead_lettered();
  position.counters.redelivered = proto.counters().redelivered();
  for (const partials::ViewCounters& view : proto.counters().views()) {
    ViewCounters counters;
    counters.accepted = view.accepted();
    counters.filtered = view.filtered();
    counters.unmatched_join = view.unmatched_join();
    counters.late_everywhere = view.late_everywhere();
    position.counters.views.push_back(counters);
  }
  return position;
}

absl::Status BadCell() { return absl::DataLossError("a delta has a cell that cannot be"); }

// Sets the cell's cut, which lies `cut` after its pane's start.
absl::Status SetCut(const WindowSpec& window, EventSpan cut, DeltaCell* cell) {
  if (cut < 0 || !IsTime(cut)) return BadCell();
  cell->cut = window.PaneStart(cell->pane) + cut;
  // It is the end of a window that the pane belongs to.
  const EventSpan after_first = cell->cut - window.FirstWindowEnd(cell->pane);
  if (after_first < 0 || after_first % window.slide() != 0 ||
      cell->cut > window.LastWindowEnd(cell->pane)) {
    return BadCell();
  }
  return absl::OkStatus();
}

absl::StatusOr<ViewDelta> FromProto(const PipelinePlan& plan, const partials::ViewDelta& proto) {
  if (proto.view() >= plan.views.size() || proto.group_indexes_size() != proto.pane_steps_size() ||
      proto.accepted_size() != proto.pane_steps_size() ||
      (proto.cuts_us_size() != 0 && proto.cuts_us_size() != proto.pane_steps_size())) {
    return absl::DataLossError("a delta's columns do not fit together");
  }
  const ViewPlan& view = plan.views[proto.view()];
  if (proto.states_size() != (view.stateful.empty() ? 0 : proto.pane_steps_size()) ||
      proto.session_spans_us_size() != (view.is_session() ? proto.pane_steps_size() : 0) ||
      (view.is_session() && proto.cuts_us_size() != 0)) {
    return absl::DataLossError("a delta's columns are not those of its view");
  }
  ViewDelta delta;
  delta.view = static_cast<int>(proto.view());
  delta.groups.assign(proto.groups().begin(), proto.groups().end());
  delta.cells.resize(proto.pane_steps_size());
  const int64_t max_pane = view.is_session() ? kMaxTime : kMaxTime / view.window->pane_length();
  int64_t pane = 0;
  for (int i = 0; i < proto.pane_steps_size(); ++i) {
    DeltaCell& cell = delta.cells[i];
    const int64_t step = proto.pane_steps(i);
    if (step < -2 * max_pane || step > 2 * max_pane) return BadCell();
    pane += step;
    cell.pane = pane;
    cell.group = proto.group_indexes(i);
    cell.accepted = proto.accepted(i);
    // A cell without records goes on with the states of the one before.
    if (pane < -max_pane || pane > max_pane || cell.group >= delta.groups.size() ||
        (cell.accepted == 0 && view.stateful.empty())) {
      return BadCell();
    }
    if (view.is_session()) {
      if (proto.session_spans_us(i) > kMaxTime) return BadCell();
      cell.span = static_cast<EventSpan>(proto.session_spans_us(i));
    } else if (proto.cuts_us_size() != 0 && proto.cuts_us(i) != 0) {
      const absl::Status status = SetCut(*view.window, proto.cuts_us(i), &cell);
      if (!status.ok()) return status;
    }
    if (!view.stateful.empty()) {
      absl::StatusOr<SharedStates> states = DecodeCellState(view, proto.states(i));
      if (!states.ok()) return states.status();
      cell.states = *std::move(states);
    }
  }
  for (const partials::LateCount& late : proto.late()) {
    if (late.window_start_us() != kOlderWindows && !IsTime(late.window_start_us())) {
      return absl::DataLossError("a late count is of a window that cannot be");
    }
    delta.late.push_back(LateCount{late.window_start_us(), late.records()});
  }
  return delta;
}

template <typename Message>
absl::Status FromJson(absl::string_view json, Message* message) {
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), message);
  if (status.ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the metadata of a committed offset cannot be read: ",
                                          status.message().ToString()));
}

}  // namespace

absl::StatusOr<Frame> DecodeFrame(const PipelinePlan& plan, absl::string_view record) {
  partials::Frame proto;
  if (!proto.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    return absl::DataLossError("a record of partials is not a frame");
  }
  const absl::Status version = CheckVersion(proto.format_version(), "a record of partials");
  if (!version.ok()) return version;
  Frame frame;
  frame.views.reserve(proto.views_size());
  for (const partials::ViewDelta& view : proto.views()) {
    absl::StatusOr<ViewDelta> delta = FromProto(plan, view);
    if (!delta.ok()) return delta.status();
    frame.views.push_back(*std::move(delta));
  }
  for (const partials::SourcePosition& position : proto.positions()) {
    const absl::StatusOr<SourcePosition> decoded = FromProto(position);
    if (!decoded.ok()) return decoded.status();
    frame.positions.push_back(*decoded);
  }
  frame.record_times_ms.assign(proto.sampled_record_time_ms().begin(),
                               proto.sampled_record_time_ms().end());
  return frame;
}

absl::StatusOr<SourcePosition> DecodeSourceCheckpoint(absl::string_view metadata) {
  partials::SourcePosition proto;
  const absl::Status status = FromJson(metadata, &proto);
  if (!status.ok()) return status;
  return FromProto(proto);
}

absl::StatusOr<MergeStart> DecodeMergeCheckpoint(absl::string_view metadata) {
  MergeStart start;
  if (metadata.empty()) return start;
  partials::MergeCheckpoint proto;
  const absl::Status status = FromJson(metadata, &proto);
  if (!status.ok()) return status;
  if (proto.has_snapshot_offset()) start.snapshot_offset = proto.snapshot_offset();
  start.snapshot_through = proto.snapshot_through();
  return start;
}

absl::StatusOr<bool> SnapshotDecoder::Add(absl::string_view record) {
  snapshots::SnapshotRecord proto;
  if (!proto.ParseFromArray(record.data(), static_cast<int>(record.size()))) {
    return absl::DataLossError("a record of snapshots cannot be read");
  }
  const absl::Status version = CheckVersion(proto.format_version(), "a record of snapshots");
  if (!version.ok()) return version;
  if (proto.index() != next_index_ || (next_index_ > 0 && proto.through() != through_)) {
    return absl::DataLossError("the records of a snapshot do not follow each other");
  }
  if (next_index_++ == 0) {
    through_ = proto.through();
    MergeProgress& progress = snapshot_.progress;
    for (const auto& source : proto.header().sources()) {
      const absl::StatusOr<SourcePosition> decoded = FromProto(source);
      if (!decoded.ok()) return decoded.status();
      progress.sources.push_back(*decoded);
    }
    if (!IsTime(proto.header().closed_through_us()) ||
        !IsTime(proto.header().unchangeable_through_us())) {
      return absl::DataLossError("the header of a snapshot makes no sense");
    }
    if (proto.header().has_closed_through_us()) {
      progress.closed_through = proto.header().closed_through_us();
    }
    if (proto.header().has_unchangeable_through_us()) {
      progress.unchangeable_through = proto.header().unchangeable_through_us();
    }
    progress.drain_generation = proto.header().drain_generation();
    progress.expired = proto.header().expired();
    progress.discontinuities = proto.header().discontinuities();
  }
  for (const snapshots::ViewState& view : proto.views()) {
    absl::StatusOr<ViewDelta> cells = FromProto(*plan_, view.cells());
    if (!cells.ok()) return cells.status();
    ViewSnapshot state;
    state.cells = *std::move(cells);
    for (const snapshots::RowRevision& revision : view.revisions()) {
      if (!IsTime(revision.window_start_us())) {
        return absl::DataLossError("a revision is of a window that cannot be");
      }
      state.revisions.push_back(
          RowRevision{revision.window_start_us(), revision.group(), revision.revision()});
    }
    snapshot_.views.push_back(std::move(state));
  }
  return proto.last();
}

}  // namespace windrow::aggregator
