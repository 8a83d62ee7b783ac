#ifndef SERVICES_AGGREGATOR_CATCH_UP_H_
#define SERVICES_AGGREGATOR_CATCH_UP_H_

#include <vector>

#include "windrow/status/v1/status.pb.h"

namespace windrow::aggregator {

// How far an incarnation that catches up has come.
enum class CatchUp {
  // It has records or partials to read that the served one has read, or not all of it is heard of.
  kBehind,
  // It has read what the served one has.
  kLevel,
  // And has closed the windows that the served one has closed.
  kClosed,
};

// Compares what the live replicas tell of the served incarnation and of the next one; empty where
// none tells. The source partitions of the two mean the same unless the source topic is another
// one: then the next one has to come to the end of its own.
CatchUp CompareIncarnations(const std::vector<windrow::status::v1::PipelineStatus>& served,
                            const std::vector<windrow::status::v1::PipelineStatus>& next,
                            bool same_source, int next_merge_partitions);

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CATCH_UP_H_
