#include "services/query/sink/query_service.h"

#include "services/query/sink/replica_status.h"

namespace windrow::query {
namespace {

FeedCalls::Options FeedOptions(const QueryService::Options& options) {
  return {options.max_subscribers, options.feed_threads, options.subscriber_patience};
}

CallerWatch::IsWaiting CallerOf(grpc::ServerContext* context) {
  return [context] { return !context->IsCancelled(); };
}

}  // namespace

QueryService::QueryService(const Options& options)
    : feeds_(FeedOptions(options), &stores_),
      stores_([this] { feeds_.WakeAll(); }),
      windows_(&stores_),
      results_(&stores_) {}

grpc::Status QueryService::ListViews(grpc::ServerContext* /*context*/,
                                     const v1::ListViewsRequest* request,
                                     v1::ListViewsResponse* response) {
  return windows_.ListViews(*request, response);
}

grpc::Status QueryService::ListWindows(grpc::ServerContext* /*context*/,
                                       const v1::ListWindowsRequest* request,
                                       v1::ListWindowsResponse* response) {
  return windows_.ListWindows(*request, response);
}

grpc::Status QueryService::GetWindow(grpc::ServerContext* /*context*/,
                                     const v1::GetWindowRequest* request,
                                     v1::GetWindowResponse* response) {
  return windows_.GetWindow(*request, response);
}

grpc::Status QueryService::ListResults(grpc::ServerContext* context,
                                       const v1::ListResultsRequest* request,
                                       v1::ListResultsResponse* response) {
  return results_.ListResults(*request, CallerOf(context), response);
}

grpc::Status QueryService::ListSeries(grpc::ServerContext* context,
                                      const v1::ListSeriesRequest* request,
                                      v1::ListSeriesResponse* response) {
  return results_.ListSeries(*request, CallerOf(context), response);
}

grpc::Status QueryService::ListTotals(grpc::ServerContext* context,
                                      const v1::ListTotalsRequest* request,
                                      v1::ListTotalsResponse* response) {
  return results_.ListTotals(*request, CallerOf(context), response);
}

void QueryService::FillStatus(v1::GetStatusResponse* response) const {
  FillReplicaStatus(stores_, response);
  response->set_subscribers(feeds_.open());
}

grpc::Status QueryService::GetStatus(grpc::ServerContext* /*context*/,
                                     const v1::GetStatusRequest* /*request*/,
                                     v1::GetStatusResponse* response) {
  FillStatus(response);
  return grpc::Status::OK;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* QueryService::Subscribe(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return feeds_.Subscribe(context, *request);
}

}  // namespace windrow::query
