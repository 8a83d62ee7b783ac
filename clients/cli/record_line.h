#ifndef CLIENTS_CLI_RECORD_LINE_H_
#define CLIENTS_CLI_RECORD_LINE_H_

#include <string>

#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/record_headers.h"

namespace windrow::cli {

// A record for people: "partition:offset", headers, key and value in one line. The value of a topic
// of our own formats ({pipeline}.results, .partials, .snapshots, windrow.control) is shown as JSON,
// any other as it is. Nothing in the line can steer a terminal.
std::string RecordTextLine(const kafka::RecordView& record, const kafka::RecordHeaders& headers);

// A record as one JSON object: topic, partition, offset, timestamp, key, value, headers. A key or
// value that is JSON, or of a format of our own, is embedded as such; any other is a string; a
// missing one is null.
std::string RecordJsonLine(const kafka::RecordView& record, const kafka::RecordHeaders& headers);

// The same with key, value and headers as text, for CSV.
std::string RecordTextJsonLine(const kafka::RecordView& record,
                               const kafka::RecordHeaders& headers);

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_RECORD_LINE_H_
