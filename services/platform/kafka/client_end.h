#ifndef SERVICES_PLATFORM_KAFKA_CLIENT_END_H_
#define SERVICES_PLATFORM_KAFKA_CLIENT_END_H_

#include <librdkafka/rdkafka.h>

namespace windrow::kafka {

// Destroys a client that reads or asks. librdkafka can wait for ever for its own threads when a
// topic that the client has to do with is deleted at that moment (seen with 2.0.2; its issues 3007,
// 3954 and 4362, of which 2.6.1 mended a cause): then the client is left behind with its threads,
// which do nothing any more, and the caller goes on after 2 seconds. Callbacks that need their
// owner must have been taken off before. `flags` are those of rd_kafka_destroy_flags.
void EndClient(rd_kafka_t* client, int flags);

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_CLIENT_END_H_
