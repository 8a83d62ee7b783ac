#ifndef SERVICES_QUERY_SINK_RESULT_CALLS_H_
#define SERVICES_QUERY_SINK_RESULT_CALLS_H_

#include <grpcpp/support/status.h>

#include "services/query/sink/caller_watch.h"
#include "services/query/sink/served_stores.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// The rows of windows, by themselves, as series and as totals: the calls of QueryService of these
// names. They may have to look at many rows, and give up when nobody waits any more (CANCELLED).
// Thread-safe.
class ResultCalls {
 public:
  // `stores` outlives it.
  explicit ResultCalls(const ServedStores* stores) : stores_(stores) {}

  // The response is for sending: its fields may be unknown ones.
  grpc::Status ListResults(const v1::ListResultsRequest& request, CallerWatch::IsWaiting is_waiting,
                           v1::ListResultsResponse* response) const;
  grpc::Status ListSeries(const v1::ListSeriesRequest& request, CallerWatch::IsWaiting is_waiting,
                          v1::ListSeriesResponse* response) const;
  grpc::Status ListTotals(const v1::ListTotalsRequest& request, CallerWatch::IsWaiting is_waiting,
                          v1::ListTotalsResponse* response) const;

 private:
  const ServedStores* const stores_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_RESULT_CALLS_H_
