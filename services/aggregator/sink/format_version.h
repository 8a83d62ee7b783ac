#ifndef SERVICES_AGGREGATOR_SINK_FORMAT_VERSION_H_
#define SERVICES_AGGREGATOR_SINK_FORMAT_VERSION_H_

#include <cstdint>

namespace windrow::aggregator {

// Version of the records of partials and snapshots; readers refuse a larger one.
inline constexpr uint32_t kFormatVersion = 1;

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_FORMAT_VERSION_H_
