#ifndef SERVICES_QUERY_SINK_FEED_CALLS_H_
#define SERVICES_QUERY_SINK_FEED_CALLS_H_

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/query/sink/feed_readers.h"
#include "services/query/sink/feed_scheduler.h"
#include "services/query/sink/served_stores.h"
#include "services/query/sink/subscribe_call.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// The Subscribe calls of QueryService: begins them, or refuses them. Thread-safe.
class FeedCalls {
 public:
  struct Options {
    // Most calls at a time.
    int max_subscribers = 1000;
    // Threads that read for them.
    int threads = 2;
    // How long a subscriber may take nothing.
    absl::Duration patience = absl::Minutes(1);
  };

  // `stores` need not be ready yet, and outlives the calls.
  FeedCalls(Options options, const ServedStores* stores)
      : options_(options), stores_(stores), scheduler_(options.threads) {}

  // gRPC's from now on. `request` is a serialized SubscribeRequest.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer& request);

  // A store has changed.
  void WakeAll() { scheduler_.WakeAll(); }

  // Ends all calls, each with a last token, and takes no new ones.
  void Drain();

  // Number of calls that are open.
  int open() const;

 private:
  grpc::Status Prepare(const v1::SubscribeRequest& request,
                       std::unique_ptr<Subscription>* subscription, ServedStores::StorePtr* store);
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(grpc::CallbackServerContext* context,
                                                    Subscription subscription,
                                                    ServedStores::StorePtr store);

  const Options options_;
  const ServedStores* const stores_;
  FeedReaders readers_;
  FeedScheduler scheduler_;

  mutable absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<SubscribeCall*> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_FEED_CALLS_H_
