#ifndef SERVICES_PLATFORM_KAFKA_RECORD_HEADERS_H_
#define SERVICES_PLATFORM_KAFKA_RECORD_HEADERS_H_

#include <string>
#include <utility>
#include <vector>

#include "services/platform/kafka/partition_reader.h"

namespace windrow::kafka {

// Name and value of a record's headers, in their order; a null value is empty.
using RecordHeaders = std::vector<std::pair<std::string, std::string>>;

// Copies the headers of a record that is being visited.
RecordHeaders ReadHeaders(const RecordView& record);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_RECORD_HEADERS_H_
