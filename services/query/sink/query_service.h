#ifndef SERVICES_QUERY_SINK_QUERY_SERVICE_H_
#define SERVICES_QUERY_SINK_QUERY_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/query/core/pipeline_definition.h"
#include "services/query/core/view_name.h"
#include "services/query/sink/feed_readers.h"
#include "services/query/sink/feed_scheduler.h"
#include "services/query/sink/result_store.h"
#include "services/query/sink/subscribe_call.h"
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

  explicit QueryService(Options options);
  // After the server that it was registered with.
  ~QueryService() override;

  // Serves a pipeline from this store from now on; one that it was served from before is withdrawn.
  // It must not be written to before, or after the service is gone: the service listens to it.
  void Serve(std::shared_ptr<ResultStore> store);
  // Serves the pipeline no more: its feeds end, and its store goes with them. Nobody may write to
  // the store any more.
  void Withdraw(const std::string& pipeline);

  // Whether every pipeline that there is to serve is served; until then the status says that the
  // replica has not caught up. `trouble` is why stores cannot be opened.
  void SetAllServed(bool all_served, absl::Status trouble = absl::OkStatus());

  // What GetStatus answers.
  void FillStatus(v1::GetStatusResponse* response) const;

  // Ends all feeds, each with a last token, and takes no new ones.
  void Drain();

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
  using StorePtr = std::shared_ptr<const ResultStore>;

  // A view that can be served.
  struct ServedView {
    ViewName name;
    StorePtr store;
    std::shared_ptr<const StoreView> content;
  };

  void SetState(const std::vector<StorePtr>& stores, v1::GetStatusResponse* response) const;
  grpc::Status PrepareSubscription(const v1::SubscribeRequest& request,
                                   std::unique_ptr<Subscription>* subscription, StorePtr* store);
  grpc::ServerWriteReactor<grpc::ByteBuffer>* StartCall(grpc::CallbackServerContext* context,
                                                        Subscription subscription, StorePtr store);

  // The stores that a parent names, by pipeline; all for an empty one.
  grpc::Status FindPipelines(const std::string& parent, std::vector<StorePtr>* stores) const;
  grpc::Status FindView(const std::string& parent, ServedView* served) const;
  // What a view computes; UNAVAILABLE (DEFINITION_UNKNOWN) until that is known.
  static grpc::Status FindDefinition(const ServedView& served, ViewDefinition* view);
  // Null when the pipeline is not served.
  StorePtr FindStore(const std::string& pipeline) const;
  // The content of a store, once everything there was has been read.
  static grpc::Status Content(const ResultStore& store, std::shared_ptr<const StoreView>* content);

  const Options options_;
  FeedReaders feed_readers_;
  FeedScheduler scheduler_;
  std::atomic<bool> all_served_{true};

  mutable absl::Mutex mutex_;
  // By pipeline id.
  std::map<std::string, std::shared_ptr<ResultStore>> stores_ ABSL_GUARDED_BY(mutex_);
  absl::Status trouble_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<SubscribeCall*> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_QUERY_SERVICE_H_
