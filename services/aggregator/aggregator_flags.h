#ifndef SERVICES_AGGREGATOR_AGGREGATOR_FLAGS_H_
#define SERVICES_AGGREGATOR_AGGREGATOR_FLAGS_H_

#include "services/aggregator/aggregator_app.h"

namespace windrow::aggregator {

// Reads the command line. A wrong value prints one line to standard error and exits 2.
AggregatorApp::Options ParseAggregatorFlags(int argc, char** argv);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_AGGREGATOR_FLAGS_H_
