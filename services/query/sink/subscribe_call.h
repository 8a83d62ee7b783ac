#ifndef SERVICES_QUERY_SINK_SUBSCRIBE_CALL_H_
#define SERVICES_QUERY_SINK_SUBSCRIBE_CALL_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/query/sink/feed_scheduler.h"
#include "services/query/sink/result_store.h"
#include "services/query/sink/subscription.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::query {

// A Subscribe call on the wire: writes what its Subscription has to say, one message at a time, so
// that a client that does not read costs one message. Everything is started from Run; gRPC's
// callbacks only note what happened and wake the scheduler.
class SubscribeCall : public grpc::ServerWriteReactor<v1::SubscribeResponse>, public Feed {
 public:
  // Starts a call that owns itself until gRPC is done with it, then calls `on_done`. The scheduler
  // must outlive it.
  static SubscribeCall* Start(Subscription subscription, std::shared_ptr<const ResultStore> store,
                              FeedScheduler* scheduler,
                              std::function<void(SubscribeCall*)> on_done);

  // Says good-bye with a token, then ends the call.
  void Drain();

  absl::Time Run() override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What Run finds when it begins.
  enum class Turn { kWait, kCancel, kDrain, kGoOn };

  SubscribeCall(Subscription subscription, std::shared_ptr<const ResultStore> store,
                FeedScheduler* scheduler, std::function<void(SubscribeCall*)> on_done);
  Turn TakeTurn();

  const std::shared_ptr<const ResultStore> store_;
  FeedScheduler* const scheduler_;
  const std::function<void(SubscribeCall*)> on_done_;
  std::shared_ptr<SubscribeCall> self_;

  // Used by Run only; the message also by gRPC while it is being written.
  Subscription subscription_;
  v1::SubscribeResponse message_;

  absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_SUBSCRIBE_CALL_H_
