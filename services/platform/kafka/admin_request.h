#ifndef SERVICES_PLATFORM_KAFKA_ADMIN_REQUEST_H_
#define SERVICES_PLATFORM_KAFKA_ADMIN_REQUEST_H_

#include <librdkafka/rdkafka.h>

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {

// What all requests of librdkafka's admin API have in common: options with a deadline, and an
// answer that comes as an event of a queue. Thread-safe.

using AdminOptionsHandle =
    std::unique_ptr<rd_kafka_AdminOptions_t,
                    HandleDeleter<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>>;
using EventHandle =
    std::unique_ptr<rd_kafka_event_t, HandleDeleter<rd_kafka_event_t, rd_kafka_event_destroy>>;

// What is left until `deadline`, for librdkafka; at least 1, because 0 and -1 have meanings.
int MillisecondsUntil(absl::Time deadline);

// Options of a request that is given up at `deadline`.
AdminOptionsHandle OptionsUntil(rd_kafka_t* client, rd_kafka_admin_op_t operation,
                                absl::Time deadline);

// Waits for the answer to a request; `context` begins the message of an error.
absl::StatusOr<EventHandle> AnswerTo(rd_kafka_queue_t* queue, absl::Time deadline,
                                     absl::string_view context);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_ADMIN_REQUEST_H_
