#include "services/aggregator/sink/row_encoder.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/types/optional.h"
#include "services/aggregator/core/aggregate_state.h"
#include "services/aggregator/core/group_key.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::results::v1;

using Stream = google::protobuf::io::CodedOutputStream;
using GroupValues = std::vector<absl::optional<std::string>>;

void FillColumns(const JoinPlan& join, const GroupValues& group, pb::Row* row) {
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

void FillValue(const AggregateValue& value, pb::Field* field) {
  if (const auto* integer = absl::get_if<int64_t>(&value)) {
    field->set_int_value(*integer);
  } else if (const auto* number = absl::get_if<double>(&value)) {
    field->set_double_value(*number);
  } else if (const auto* text = absl::get_if<std::string>(&value)) {
    field->set_string_value(*text);
  } else if (const auto* counts = absl::get_if<ValueCounts>(&value)) {
    // Also when there are none.
    pb::ValueCounts* list = field->mutable_value_counts();
    for (const auto& count : *counts) {
      pb::ValueCount* added = list->add_counts();
      added->set_value(count.first);
      added->set_count(count.second);
    }
  } else if (absl::holds_alternative<ValueError>(value)) {
    field->set_error(pb::VALUE_ERROR_OVERFLOW);
  }
}

EventTime NewestEventTime(const MergeProgress& progress) {
  EventTime newest = kNever;
  for (const SourcePosition& source : progress.sources) {
    newest = std::max(newest, source.max_event_time);
  }
  return newest;
}

}  // namespace

RowEncoder::RowEncoder(const PipelinePlan* plan, const ViewPlan* view,
                       const MergeProgress& progress)
    : plan_(*plan), view_(*view) {
  pb::RowKey key;
  key.set_view(view_.id);
  key_view_ = key.SerializeAsString();
  pb::Row row;
  row.set_view(view_.id);
  row_view_ = row.SerializeAsString();
  row.clear_view();
  if (view_.join.has_value()) row.set_table_version(view_.join->table->version());
  const EventTime newest = NewestEventTime(progress);
  if (newest != kNever) row.set_event_time_us(newest);
  row.set_record_time_ms(progress.newest_record_time_ms);
  row_end_ = row.SerializeAsString();
  for (const AggregatePlan& aggregate : view_.aggregates) {
    field_.set_name(aggregate.name);
    aggregate_names_.push_back(field_.SerializeAsString());
  }
}

void RowEncoder::StartGroup(absl::string_view group_key) {
  pb::RowKey key;
  key.set_group(group_key.data(), group_key.size());
  key.SerializeToString(&key_group_);
  const GroupValues group = DecodeGroupKey(group_key).value_or(GroupValues());
  group_.Clear();
  for (size_t i = 0; i < view_.group_fields.size(); ++i) {
    pb::Field* field = group_.add_group();
    field->set_name(plan_.fields[view_.group_fields[i]]);
    if (i < group.size() && group[i].has_value()) field->set_string_value(*group[i]);
  }
  if (view_.join.has_value()) FillColumns(*view_.join, group, &group_);
  group_.SerializeToString(&row_group_);
}

absl::string_view RowEncoder::Key(EventTime window_start) {
  key_.Clear();
  key_.Append(key_view_);
  key_.AppendSigned(pb::RowKey::kWindowStartUsFieldNumber, window_start);
  key_.Append(key_group_);
  return key_.AsField(pb::ResultKey::kRowFieldNumber);
}

absl::string_view RowEncoder::Value(const RowChange& change) {
  value_.Clear();
  value_.Append(row_view_);
  value_.AppendSigned(pb::Row::kWindowStartUsFieldNumber, change.window_start);
  value_.AppendSigned(pb::Row::kWindowEndUsFieldNumber, change.window_end);
  value_.Append(row_group_);
  AppendAggregates(change);
  value_.AppendNumber(pb::Row::kAcceptedFieldNumber, change.accepted);
  value_.AppendNumber(pb::Row::kRevisionFieldNumber, change.revision);
  value_.Append(row_end_);
  return value_.AsField(pb::ResultRecord::kRowFieldNumber);
}

void RowEncoder::AppendAggregates(const RowChange& change) {
  size_t next_state = 0;
  for (size_t i = 0; i < view_.aggregates.size(); ++i) {
    const AggregatePlan& aggregate = view_.aggregates[i];
    const std::string& name = aggregate_names_[i];
    value_.AppendTagOfLength(pb::Row::kValuesFieldNumber);
    if (aggregate.has_state()) {
      field_.Clear();
      field_.set_name(aggregate.name);
      FillValue(change.values[next_state++], &field_);
      field_.SerializeToString(&encoded_);
      value_.AppendVarint(encoded_.size());
      value_.Append(encoded_);
      continue;
    }
    // One of several kinds of value, so that it is there also when it is 0.
    value_.AppendVarint(name.size() + 1 + Stream::VarintSize64(change.accepted));
    value_.Append(name);
    value_.AppendTagOfNumber(pb::Field::kIntValueFieldNumber);
    value_.AppendVarint(change.accepted);
  }
}

}  // namespace windrow::aggregator
