#ifndef SERVICES_AGGREGATOR_REQUEST_FINGERPRINT_H_
#define SERVICES_AGGREGATOR_REQUEST_FINGERPRINT_H_

#include <google/protobuf/message.h>

#include <cstdint>

namespace windrow::aggregator {

// A number by which a request that comes again is told from another one under the same request_id:
// of its type and all it asks for, but not of its fields request_id, etag and validate_only. The
// same in every replica and release; never 0.
uint64_t RequestFingerprint(const google::protobuf::Message& request);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_REQUEST_FINGERPRINT_H_
