#ifndef SERVICES_QUERY_SINK_WINDOW_CALLS_H_
#define SERVICES_QUERY_SINK_WINDOW_CALLS_H_

#include <grpcpp/support/status.h>

#include "services/query/sink/served_stores.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// Which views and windows there are: the calls of QueryService of these names. Thread-safe.
class WindowCalls {
 public:
  // `stores` outlives it.
  explicit WindowCalls(const ServedStores* stores) : stores_(stores) {}

  grpc::Status ListViews(const v1::ListViewsRequest& request,
                         v1::ListViewsResponse* response) const;
  grpc::Status ListWindows(const v1::ListWindowsRequest& request,
                           v1::ListWindowsResponse* response) const;
  grpc::Status GetWindow(const v1::GetWindowRequest& request,
                         v1::GetWindowResponse* response) const;

 private:
  const ServedStores* const stores_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_WINDOW_CALLS_H_
