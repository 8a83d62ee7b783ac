#include "services/platform/kafka/record_headers.h"

namespace windrow::kafka {

RecordHeaders ReadHeaders(const rd_kafka_message_t& message) {
  RecordHeaders result;
  rd_kafka_headers_t* headers = nullptr;  // Owned by the message.
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return result;
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

HeadersHandle MakeHeaders(const RecordHeaders& headers) {
  if (headers.empty()) return nullptr;
  HeadersHandle made(rd_kafka_headers_new(headers.size()));
  for (const auto& [name, value] : headers) {
    rd_kafka_header_add(made.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  return made;
}

}  // namespace windrow::kafka
