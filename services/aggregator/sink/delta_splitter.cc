#include "services/aggregator/sink/delta_splitter.h"

#include <algorithm>

#include "services/aggregator/sink/cell_state_encoder.h"

namespace windrow::aggregator {

void DeltaSplitter::Open(int view) {
  view_ = view;
  OpenInRecord();
}

void DeltaSplitter::OpenInRecord() {
  out_ = add_delta_(view_);
  out_->set_view(view_);
  index_by_number_.clear();
  last_pane_ = 0;
}

void DeltaSplitter::MakeRoom() {
  if (!full()) return;
  start_record_();
  bytes_ = 0;
  OpenInRecord();
}

void DeltaSplitter::Count(size_t bytes) { bytes_ += bytes; }

void DeltaSplitter::AddCell(const DeltaCell& cell, const std::string& group) {
  MakeRoom();
  if (plan_.views[view_].stateful.empty()) {
    AddPart(cell, group, cell.accepted);
    return;
  }
  // States that are too large for what is left of a record go on in further parts, which add no
  // records.
  CellStateEncoder states(cell.states);
  uint64_t accepted = cell.accepted;
  do {
    MakeRoom();
    AddPart(cell, group, accepted);
    accepted = 0;
    const size_t room = kMaxRecordBytes - std::min(bytes_, kMaxRecordBytes - 1);
    bytes_ += states.Encode(room, out_->add_states());
  } while (!states.done());
}

void DeltaSplitter::AddPart(const DeltaCell& cell, const std::string& group, uint64_t accepted) {
  const ViewPlan& view = plan_.views[view_];
  out_->add_pane_steps(cell.pane - last_pane_);
  last_pane_ = cell.pane;
  out_->add_group_indexes(GroupIndex(cell.group, group));
  out_->add_accepted(accepted);
  if (view.is_session()) {
    out_->add_session_spans_us(cell.span);
  } else {
    AddCut(cell.cut == kNever ? 0 : cell.cut - view.window->PaneStart(cell.pane));
  }
  bytes_ += kCellBytes;
}

uint32_t DeltaSplitter::GroupIndex(uint32_t number, const std::string& group) {
  const auto inserted = index_by_number_.try_emplace(number, out_->groups_size());
  if (inserted.second) {
    out_->add_groups(group);
    bytes_ += group.size();
  }
  return inserted.first->second;
}

// Cuts are rare: the column exists only from the first one on, filled with zeros before it.
void DeltaSplitter::AddCut(EventSpan cut) {
  if (cut == 0 && out_->cuts_us_size() == 0) return;
  while (out_->cuts_us_size() + 1 < out_->pane_steps_size()) out_->add_cuts_us(0);
  out_->add_cuts_us(cut);
}

void DeltaSplitter::AddLate(const LateCount& late) {
  MakeRoom();
  auto* added = out_->add_late();
  added->set_window_start_us(late.window_start);
  added->set_records(late.records);
  bytes_ += kCellBytes;
}

}  // namespace windrow::aggregator
