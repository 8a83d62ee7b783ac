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

using GroupValues = std::vector<absl::optional<std::string>>;

// Of the message around a key or a row: its tag and its length.
constexpr size_t kRoomForHead = 1 + 5;

// Tags of fields below 16 are one byte.
constexpr char NumberTag(int field) { return static_cast<char>(field << 3); }
constexpr char LengthTag(int field) { return static_cast<char>(field << 3 | 2); }

void AppendVarint(uint64_t number, std::string* out) {
  uint8_t bytes[10];
  uint8_t* const end = google::protobuf::io::CodedOutputStream::WriteVarint64ToArray(number, bytes);
  out->append(bytes, end);
}

// As all scalars, not at all when it is 0.
void AppendNumber(int field, uint64_t number, std::string* out) {
  if (number == 0) return;
  out->push_back(NumberTag(field));
  AppendVarint(number, out);
}

void AppendTime(int field, EventTime time, std::string* out) {
  // Zigzag, as of sint64.
  AppendNumber(field, (static_cast<uint64_t>(time) << 1) ^ static_cast<uint64_t>(time >> 63), out);
}

// `out` is room for the head, and the message behind it. Returns head and message.
absl::string_view PutHead(int field, std::string* out) {
  const size_t size = out->size() - kRoomForHead;
  char head[kRoomForHead];
  head[0] = LengthTag(field);
  const auto* end = google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(
      static_cast<uint32_t>(size), reinterpret_cast<uint8_t*>(head + 1));
  const size_t head_size = reinterpret_cast<const char*>(end) - head;
  const size_t begin = kRoomForHead - head_size;
  std::copy(head, head + head_size, out->begin() + static_cast<std::ptrdiff_t>(begin));
  return absl::string_view(*out).substr(begin);
}

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
  key_.resize(kRoomForHead);
  key_ += key_view_;
  AppendTime(pb::RowKey::kWindowStartUsFieldNumber, window_start, &key_);
  key_ += key_group_;
  return PutHead(pb::ResultKey::kRowFieldNumber, &key_);
}

absl::string_view RowEncoder::Value(const RowChange& change) {
  value_.resize(kRoomForHead);
  value_ += row_view_;
  AppendTime(pb::Row::kWindowStartUsFieldNumber, change.window_start, &value_);
  AppendTime(pb::Row::kWindowEndUsFieldNumber, change.window_end, &value_);
  value_ += row_group_;
  AppendAggregates(change);
  AppendNumber(pb::Row::kAcceptedFieldNumber, change.accepted, &value_);
  AppendNumber(pb::Row::kRevisionFieldNumber, change.revision, &value_);
  value_ += row_end_;
  return PutHead(pb::ResultRecord::kRowFieldNumber, &value_);
}

void RowEncoder::AppendAggregates(const RowChange& change) {
  size_t next_state = 0;
  for (size_t i = 0; i < view_.aggregates.size(); ++i) {
    const AggregatePlan& aggregate = view_.aggregates[i];
    const std::string& name = aggregate_names_[i];
    value_.push_back(LengthTag(pb::Row::kValuesFieldNumber));
    if (aggregate.has_state()) {
      field_.Clear();
      field_.set_name(aggregate.name);
      FillValue(change.values[next_state++], &field_);
      AppendVarint(field_.ByteSizeLong(), &value_);
      field_.AppendToString(&value_);
      continue;
    }
    // One of several kinds of value, so that it is there also when it is 0.
    AppendVarint(
        name.size() + 1 + google::protobuf::io::CodedOutputStream::VarintSize64(change.accepted),
        &value_);
    value_ += name;
    value_.push_back(NumberTag(pb::Field::kIntValueFieldNumber));
    AppendVarint(change.accepted, &value_);
  }
}

}  // namespace windrow::aggregator
