#ifndef SERVICES_QUERY_QUERY_FLAGS_H_
#define SERVICES_QUERY_QUERY_FLAGS_H_

#include "services/query/query_app.h"

namespace windrow::query {

// Reads the command line. A wrong value prints one line to standard error and exits 2.
QueryApp::Options ParseQueryFlags(int argc, char** argv);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_QUERY_FLAGS_H_
