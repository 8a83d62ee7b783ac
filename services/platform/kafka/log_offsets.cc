#include "services/platform/kafka/log_offsets.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(20);

// Asks once. `edge` is RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END, which the protocol takes
// in the place of a time.
absl::StatusOr<int64_t> Ask(rd_kafka_t* client, absl::string_view topic, int partition,
                            int64_t edge, absl::Time deadline) {
  const TopicPartitionListHandle list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t* entry =
      rd_kafka_topic_partition_list_add(list.get(), std::string(topic).c_str(), partition);
  entry->offset = edge;
  const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
  rd_kafka_resp_err_t code =
      rd_kafka_offsets_for_times(client, list.get(), static_cast<int>(std::max<int64_t>(left, 1)));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = entry->err;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return KafkaError(code, absl::StrCat("find the offsets of ", topic, " partition ", partition));
  }
  if (entry->offset >= 0) return entry->offset;
  return absl::UnavailableError(
      absl::StrCat("find the offsets of ", topic, " partition ", partition, ": no answer"));
}

absl::StatusOr<int64_t> Query(rd_kafka_t* client, absl::string_view topic, int partition,
                              int64_t edge, absl::Time deadline) {
  for (;;) {
    const absl::StatusOr<int64_t> offset = Ask(client, topic, partition, edge, deadline);
    if (!absl::IsUnavailable(offset.status()) || absl::Now() + kPause >= deadline) return offset;
    absl::SleepFor(kPause);
  }
}

}  // namespace

absl::StatusOr<int64_t> QueryLogBegin(rd_kafka_t* client, absl::string_view topic, int partition,
                                      absl::Time deadline) {
  return Query(client, topic, partition, RD_KAFKA_OFFSET_BEGINNING, deadline);
}

absl::StatusOr<int64_t> QueryLogEnd(rd_kafka_t* client, absl::string_view topic, int partition,
                                    absl::Time deadline) {
  return Query(client, topic, partition, RD_KAFKA_OFFSET_END, deadline);
}

absl::StatusOr<std::pair<int64_t, int64_t>> QueryLogOffsets(rd_kafka_t* client,
                                                            absl::string_view topic, int partition,
                                                            absl::Time deadline) {
  const absl::StatusOr<int64_t> begin = QueryLogBegin(client, topic, partition, deadline);
  if (!begin.ok()) return begin.status();
  const absl::StatusOr<int64_t> end = QueryLogEnd(client, topic, partition, deadline);
  if (!end.ok()) return end.status();
  return std::make_pair(*begin, *end);
}

absl::StatusOr<int64_t> QueryLogFrom(rd_kafka_t* client, absl::string_view topic, int partition,
                                     int64_t time_ms, absl::Time deadline) {
  // The end first: a record that comes meanwhile must not be passed over.
  const auto range = QueryLogOffsets(client, topic, partition, deadline);
  if (!range.ok()) return range.status();
  const TopicPartitionListHandle list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_t* entry =
      rd_kafka_topic_partition_list_add(list.get(), std::string(topic).c_str(), partition);
  entry->offset = time_ms;
  const int64_t left = absl::ToInt64Milliseconds(deadline - absl::Now());
  rd_kafka_resp_err_t code =
      rd_kafka_offsets_for_times(client, list.get(), static_cast<int>(std::max<int64_t>(left, 1)));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = entry->err;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return KafkaError(code, absl::StrCat("find a time in ", topic, " partition ", partition));
  }
  if (entry->offset == RD_KAFKA_OFFSET_END) return range->second;
  if (entry->offset >= range->first && entry->offset <= range->second) return entry->offset;
  // Found among records that came meanwhile: all before the end that was seen are older.
  if (entry->offset > range->second && entry->offset != time_ms) return range->second;
  return absl::UnavailableError(
      absl::StrCat("find a time in ", topic, " partition ", partition, ": no answer"));
}

}  // namespace windrow::kafka
