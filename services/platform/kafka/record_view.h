#ifndef SERVICES_PLATFORM_KAFKA_RECORD_VIEW_H_
#define SERVICES_PLATFORM_KAFKA_RECORD_VIEW_H_

#include <librdkafka/rdkafka.h>

#include "absl/strings/string_view.h"
#include "services/platform/kafka/record_headers.h"
#include "services/platform/record_log/record.h"

namespace windrow::kafka {

// The record in a message of librdkafka's, which must outlive it.
inline record_log::Record RecordOf(const rd_kafka_message_t& message) {
  record_log::Record record;
  record.partition = message.partition;
  record.offset = message.offset;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  record.has_key = message.key != nullptr;
  record.has_value = message.payload != nullptr;
  record.key = absl::string_view(static_cast<const char*>(message.key), message.key_len);
  record.value = absl::string_view(static_cast<const char*>(message.payload), message.len);
  record.origin = &message;
  record.read_headers = [](const void* origin) {
    return ReadHeaders(*static_cast<const rd_kafka_message_t*>(origin));
  };
  return record;
}

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_RECORD_VIEW_H_
