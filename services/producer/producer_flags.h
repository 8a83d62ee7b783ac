#ifndef SERVICES_PRODUCER_PRODUCER_FLAGS_H_
#define SERVICES_PRODUCER_PRODUCER_FLAGS_H_

#include "services/producer/producer_app.h"

namespace windrow::producer {

// Reads the command line. A wrong or contradictory value, or a dataset that cannot be used, prints
// one line to standard error and exits 2.
ProducerOptions ParseProducerFlags(int argc, char** argv);

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_PRODUCER_FLAGS_H_
