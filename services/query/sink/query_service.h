#ifndef SERVICES_QUERY_SINK_QUERY_SERVICE_H_
#define SERVICES_QUERY_SINK_QUERY_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/query/sink/feed_calls.h"
#include "services/query/sink/result_calls.h"
#include "services/query/sink/result_store.h"
#include "services/query/sink/served_stores.h"
#include "services/query/sink/window_calls.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::query {

// Serves windrow.query.v1.QueryService from stores. Unary calls have a thread each while they run,
// which bounds how many there are at a time (ServerOptions::max_concurrent_calls); a feed has none.
// Subscribe sends bytes that many calls share, so it is served without gRPC's own serialization.
// Thread-safe.
class QueryService
    : public v1::QueryService::WithRawCallbackMethod_Subscribe<v1::QueryService::Service> {
 public:
  struct Options {
    // Most Subscribe calls at a time.
    int max_subscribers = 1000;
    // Threads that read for subscribers.
    int feed_threads = 2;
    // How long a subscriber may take nothing.
    absl::Duration subscriber_patience = absl::Minutes(1);
  };

  // Destroyed after the server that it was registered with.
  explicit QueryService(const Options& options);

  // Serves a pipeline from this store from now on; one that it was served from before is withdrawn.
  // It must not be written to before, or after the service is gone: the service listens to it.
  void Serve(std::shared_ptr<ResultStore> store) { stores_.Serve(std::move(store)); }
  // Serves the pipeline no more: its feeds end, and its store goes with them. Nobody may write to
  // the store any more.
  void Withdraw(const std::string& pipeline) { stores_.Withdraw(pipeline); }

  // Whether every pipeline that there is to serve is served; until then the status says that the
  // replica has not caught up. `trouble` is why stores cannot be opened.
  void SetAllServed(bool all_served, absl::Status trouble = absl::OkStatus()) {
    stores_.SetAllServed(all_served, std::move(trouble));
  }

  // What GetStatus answers.
  void FillStatus(v1::GetStatusResponse* response) const;

  // Ends all feeds, each with a last token, and takes no new ones.
  void Drain() { feeds_.Drain(); }

  grpc::Status ListViews(grpc::ServerContext* context, const v1::ListViewsRequest* request,
                         v1::ListViewsResponse* response) override;
  grpc::Status ListWindows(grpc::ServerContext* context, const v1::ListWindowsRequest* request,
                           v1::ListWindowsResponse* response) override;
  grpc::Status GetWindow(grpc::ServerContext* context, const v1::GetWindowRequest* request,
                         v1::GetWindowResponse* response) override;
  grpc::Status ListResults(grpc::ServerContext* context, const v1::ListResultsRequest* request,
                           v1::ListResultsResponse* response) override;
  grpc::Status ListSeries(grpc::ServerContext* context, const v1::ListSeriesRequest* request,
                          v1::ListSeriesResponse* response) override;
  grpc::Status ListTotals(grpc::ServerContext* context, const v1::ListTotalsRequest* request,
                          v1::ListTotalsResponse* response) override;
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  // `request` is a serialized SubscribeRequest.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) override;

 private:
  // Its feeds' scheduler hears of changes until the stores are let go.
  FeedCalls feeds_;
  ServedStores stores_;
  const WindowCalls windows_;
  const ResultCalls results_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_QUERY_SERVICE_H_
