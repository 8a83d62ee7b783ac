#ifndef SERVICES_PLATFORM_KAFKA_LOG_OFFSETS_H_
#define SERVICES_PLATFORM_KAFKA_LOG_OFFSETS_H_

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace windrow::kafka {

// Where a partition's log begins, or ends: at the last stable offset for a client that reads
// committed records only, else at the high watermark. Passing trouble, such as a leader that is
// just taking over, is waited out until `deadline`.
//
// Not rd_kafka_query_watermark_offsets: that one sends two requests, and when the first of them
// fails and the second does not it succeeds with the answer of the second for both (librdkafka
// 2.0.2), so that a log seems to be empty.
absl::StatusOr<int64_t> QueryLogBegin(rd_kafka_t* client, absl::string_view topic, int partition,
                                      absl::Time deadline);
absl::StatusOr<int64_t> QueryLogEnd(rd_kafka_t* client, absl::string_view topic, int partition,
                                    absl::Time deadline);

// Both.
absl::StatusOr<std::pair<int64_t, int64_t>> QueryLogOffsets(rd_kafka_t* client,
                                                            absl::string_view topic, int partition,
                                                            absl::Time deadline);

// The first offset whose record has this timestamp, milliseconds since 1970, or a later one; the
// end of the log when there is none.
absl::StatusOr<int64_t> QueryLogFrom(rd_kafka_t* client, absl::string_view topic, int partition,
                                     int64_t time_ms, absl::Time deadline);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_LOG_OFFSETS_H_
