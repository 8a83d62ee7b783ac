#include "services/platform/kafka/record_headers.h"

namespace windrow::kafka {

RecordHeaders ReadHeaders(const RecordView& record) {
  RecordHeaders result;
  rd_kafka_headers_t* headers = nullptr;  // Owned by the message.
  if (record.message == nullptr ||
      rd_kafka_message_headers(record.message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return result;
  }
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    result.emplace_back(name,
                        value == nullptr ? "" : std::string(static_cast<const char*>(value), size));
  }
  return result;
}

}  // namespace windrow::kafka
