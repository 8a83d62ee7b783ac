#ifndef SERVICES_AGGREGATOR_CORE_SNAPSHOT_VALUE_H_
#define SERVICES_AGGREGATOR_CORE_SNAPSHOT_VALUE_H_

#include "services/aggregator/core/merger.h"

namespace windrow::aggregator {

// For tests: reads an image to its end, as a snapshot of one part a view.
MergeSnapshot ValueOf(MergeImage image);

// An image that is read as that snapshot, whose parts are those of different views, in order.
MergeImage ImageOf(const MergeSnapshot& snapshot);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CORE_SNAPSHOT_VALUE_H_
