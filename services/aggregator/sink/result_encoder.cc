#include "services/aggregator/sink/result_encoder.h"

#include <algorithm>
#include <vector>

#include "services/aggregator/core/group_key.h"
#include "services/aggregator/sink/position_encoder.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::results::v1;

using GroupValues = std::vector<absl::optional<std::string>>;

void FillColumns(const JoinPlan& join, const GroupValues& group, pb::Row* row) {
  row->set_table_version(join.table->version());
  const StaticTable::Row* found = static_cast<size_t>(join.group_index) < group.size()
                                      ? join.table->Find(group[join.group_index])
                                      : nullptr;
  for (const std::string& column : join.columns) {
    pb::Field* field = row->add_values();
    field->set_name(column);
    if (found == nullptr) continue;
    const auto value = found->find(column);
    if (value != found->end()) field->set_string_value(value->second);
  }
}

// The part of a row that all windows of a group share.
void FillGroup(const PipelinePlan& plan, const ViewPlan& view, const GroupValues& group,
               pb::Row* row) {
  row->clear_group();
  for (size_t i = 0; i < view.group_fields.size(); ++i) {
    pb::Field* field = row->add_group();
    field->set_name(plan.fields[view.group_fields[i]]);
    if (i < group.size() && group[i].has_value()) field->set_string_value(*group[i]);
  }
  row->clear_values();
  if (view.join.has_value()) FillColumns(*view.join, group, row);
  for (const AggregatePlan& aggregate : view.aggregates) {
    row->add_values()->set_name(aggregate.name);
  }
}

void FillValue(const AggregateValue& value, pb::Field* field) {
  field->clear_value();
  if (const auto* integer = absl::get_if<int64_t>(&value)) {
    field->set_int_value(*integer);
  } else if (const auto* number = absl::get_if<double>(&value)) {
    field->set_double_value(*number);
  } else if (const auto* text = absl::get_if<std::string>(&value)) {
    field->set_string_value(*text);
  } else if (const auto* counts = absl::get_if<ValueCounts>(&value)) {
    for (const auto& count : *counts) {
      pb::ValueCount* added = field->mutable_value_counts()->add_counts();
      added->set_value(count.first);
      added->set_count(count.second);
    }
    // Also when there are none.
    field->mutable_value_counts();
  } else if (absl::holds_alternative<ValueError>(value)) {
    field->set_error(pb::VALUE_ERROR_OVERFLOW);
  }
}

// Of all rows written at once.
void FillTimes(const MergeProgress& progress, pb::Row* row) {
  EventTime newest = kNever;
  for (const SourcePosition& source : progress.sources) {
    newest = std::max(newest, source.max_event_time);
  }
  if (newest != kNever) row->set_event_time_us(newest);
  row->set_record_time_ms(progress.newest_record_time_ms);
}

void FillValues(const ViewPlan& view, const RowChange& change, pb::Row* row) {
  // Behind the joined columns.
  int next_field = row->values_size() - static_cast<int>(view.aggregates.size());
  size_t next_state = 0;
  for (const AggregatePlan& aggregate : view.aggregates) {
    pb::Field* field = row->mutable_values(next_field++);
    if (aggregate.has_state()) {
      FillValue(change.values[next_state++], field);
    } else {
      field->set_int_value(static_cast<int64_t>(change.accepted));
    }
  }
}

}  // namespace

void ResultEncoder::Encode(int merge_partition, const MergeChanges& changes, int64_t write_time_ms,
                           Emit emit) {
  for (size_t view = 0; view < changes.views.size(); ++view) {
    EncodeRows(static_cast<int>(view), changes, emit);
    for (const LateCount& late : changes.views[view].late) {
      pb::ResultKey key;
      key.mutable_ledger()->set_view(plan_->views[view].id);
      key.mutable_ledger()->set_window_start_us(late.window_start);
      key.mutable_ledger()->set_merge_partition(merge_partition);
      pb::ResultRecord record;
      record.mutable_ledger()->set_view(plan_->views[view].id);
      record.mutable_ledger()->set_window_start_us(late.window_start);
      record.mutable_ledger()->set_late(late.records);
      emit(key.SerializeAsString(), absl::string_view(record.SerializeAsString()));
    }
  }
  EncodeProgress(merge_partition, changes.progress, write_time_ms, emit);
}

void ResultEncoder::EncodeRows(int view_index, const MergeChanges& all, Emit emit) {
  const ViewPlan& view = plan_->views[view_index];
  const ViewChanges& changes = all.views[view_index];
  // One pair of messages for all rows: a group's rows follow each other, so only times and values
  // are set anew.
  pb::ResultKey key;
  key.mutable_row()->set_view(view.id);
  pb::ResultRecord record;
  pb::Row& row = *record.mutable_row();
  row.set_view(view.id);
  FillTimes(all.progress, &row);
  uint32_t group = static_cast<uint32_t>(changes.groups.size());
  for (const RowChange& change : changes.rows) {
    if (change.group != group) {
      group = change.group;
      const auto values = DecodeGroupKey(changes.groups[group]);
      FillGroup(*plan_, view, values.value_or(GroupValues()), &row);
      key.mutable_row()->set_group(changes.groups[group]);
    }
    key.mutable_row()->set_window_start_us(change.window_start);
    key.SerializeToString(&key_);
    if (change.deleted) {
      emit(key_, absl::nullopt);
      continue;
    }
    row.set_window_start_us(change.window_start);
    row.set_window_end_us(change.window_end);
    FillValues(view, change, &row);
    row.set_accepted(change.accepted);
    row.set_revision(change.revision);
    record.SerializeToString(&value_);
    emit(key_, absl::string_view(value_));
  }
}

void ResultEncoder::EncodeProgress(int merge_partition, const MergeProgress& progress,
                                   int64_t write_time_ms, Emit emit) {
  pb::ResultKey key;
  key.mutable_progress()->set_merge_partition(merge_partition);
  pb::ResultRecord record;
  pb::Progress& out = *record.mutable_progress();
  out.set_merge_partition(merge_partition);
  out.set_merge_partitions(plan_->merge_partitions);
  if (progress.closed_through != kNever) out.set_closed_through_us(progress.closed_through);
  out.set_drain_generation(progress.drain_generation);
  for (const SourcePosition& source : progress.sources) {
    if (source.partition % plan_->merge_partitions == merge_partition) {
      EncodePosition(source, out.add_sources());
    }
  }
  out.set_expired(progress.expired);
  out.set_discontinuities(progress.discontinuities);
  for (const ViewPlan& view : plan_->views) out.add_views(view.id);
  out.set_write_time_ms(write_time_ms);
  emit(key.SerializeAsString(), absl::string_view(record.SerializeAsString()));
}

}  // namespace windrow::aggregator
