#ifndef SERVICES_QUERY_FEED_CHECK_TOPIC_ROWS_H_
#define SERVICES_QUERY_FEED_CHECK_TOPIC_ROWS_H_

#include <google/protobuf/repeated_field.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/platform/kafka/kafka_config.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {

// A row: start of its window in microseconds since 1970 UTC, and its group.
using RowId = std::pair<int64_t, std::string>;

// Where a row last changed, and what became of it.
struct RowState {
  int partition = 0;
  int64_t offset = -1;
  bool deleted = false;
  int64_t window_end_us = 0;
};

// The text of the group's fields.
std::string GroupText(const google::protobuf::RepeatedPtrField<results::v1::Field>& group);

// The newest version of each row, by view.
using TopicRows = std::map<std::string, std::map<RowId, RowState>>;

// Reads all that is committed in a results topic.
absl::StatusOr<TopicRows> ReadTopicRows(const kafka::KafkaConfig& kafka, const std::string& topic);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_FEED_CHECK_TOPIC_ROWS_H_
