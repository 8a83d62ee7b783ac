#ifndef SERVICES_PLATFORM_KAFKA_RECORD_HEADERS_H_
#define SERVICES_PLATFORM_KAFKA_RECORD_HEADERS_H_

#include <librdkafka/rdkafka.h>

#include <memory>

#include "services/platform/record_log/record.h"

namespace windrow::kafka {

using record_log::RecordHeaders;

// Copies the headers of a message.
RecordHeaders ReadHeaders(const rd_kafka_message_t& message);

struct HeadersDeleter {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using HeadersHandle = std::unique_ptr<rd_kafka_headers_t, HeadersDeleter>;

// As rd_kafka_producev takes them, which owns them once it has taken the record; null for none.
HeadersHandle MakeHeaders(const RecordHeaders& headers);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_RECORD_HEADERS_H_
