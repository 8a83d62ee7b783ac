#include "services/query/feed_check/topic_rows.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/platform/kafka/topic_scan.h"

namespace windrow::query {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

// Keys name groups in the writer's encoding; their texts are in the rows.
using GroupTexts = std::map<std::string, std::string>;

void Take(const kafka::RecordView& record, GroupTexts* texts, TopicRows* rows) {
  results::v1::ResultKey key;
  if (!key.ParseFromArray(record.key.data(), static_cast<int>(record.key.size())) ||
      !key.has_row()) {
    return;
  }
  RowState state;
  state.partition = record.partition;
  state.offset = record.offset;
  state.deleted = !record.has_value;
  std::string& text = (*texts)[absl::StrCat(key.row().view(), "/", key.row().group())];
  if (record.has_value) {
    results::v1::ResultRecord value;
    value.ParseFromArray(record.value.data(), static_cast<int>(record.value.size()));
    text = GroupText(value.row().group());
    state.window_end_us = value.row().window_end_us();
  }
  (*rows)[key.row().view()][RowId(key.row().window_start_us(), text)] = state;
}

}  // namespace

std::string GroupText(const google::protobuf::RepeatedPtrField<results::v1::Field>& group) {
  std::string text;
  for (const results::v1::Field& field : group) {
    absl::StrAppend(&text, text.empty() ? "" : "|", field.string_value());
  }
  return text;
}

absl::StatusOr<TopicRows> ReadTopicRows(const kafka::KafkaConfig& kafka, const std::string& topic) {
  TopicRows rows;
  GroupTexts texts;
  const absl::Status scanned =
      kafka::ScanTopic(kafka, topic, kPatience,
                       [&](const kafka::RecordView& record) { Take(record, &texts, &rows); });
  if (!scanned.ok()) return scanned;
  return rows;
}

}  // namespace windrow::query
