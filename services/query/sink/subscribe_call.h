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

namespace windrow::query {

// A Subscribe call on the wire: writes what its Subscription has to say, one message at a time, so
// that a client that does not read costs one message. A client that takes nothing for `patience`
// is told so, with its token; one that does not even take that, for as long again, is cut off.
// Everything is started from Run; gRPC's callbacks only note what happened and wake the scheduler.
class SubscribeCall : public grpc::ServerWriteReactor<grpc::ByteBuffer>, public Feed {
 public:
  struct Options {
    // How long a client may take nothing.
    absl::Duration patience = absl::Minutes(1);
    std::function<void(SubscribeCall*)> on_done;
  };

  // Starts a call that owns itself until gRPC is done with it, then calls `on_done`. The scheduler
  // must outlive it.
  static SubscribeCall* Start(grpc::CallbackServerContext* context, Subscription subscription,
                              std::shared_ptr<const ResultStore> store, FeedScheduler* scheduler,
                              Options options);
  ~SubscribeCall() override;

  // Says good-bye with a token, then ends the call.
  void Drain();

  absl::Time Run() override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // What Run finds when it begins.
  enum class Turn { kFinished, kWriting, kCancel, kDrain, kGoOn };

  SubscribeCall(grpc::CallbackServerContext* context, Subscription subscription,
                std::shared_ptr<const ResultStore> store, FeedScheduler* scheduler,
                Options options);
  Turn TakeTurn();
  // Before the end of the call is written.
  void MarkFinished(absl::Time now);
  // While a message, or the end, is being written; these return when to look again.
  absl::Time AwaitWrite(absl::Time now);
  absl::Time AwaitEnd(absl::Time now);
  // Asks the subscription, and writes what it says.
  absl::Time GoOn(absl::Time now);
  void Write(Subscription::Step step, absl::Time now);

  // gRPC's own, with a reference of ours: it can be cancelled whatever happens meanwhile.
  grpc_call* const call_;
  const std::shared_ptr<const ResultStore> store_;
  FeedScheduler* const scheduler_;
  const Options options_;
  std::shared_ptr<SubscribeCall> self_;

  // Used by Run only; the message also by gRPC while it is being written.
  Subscription subscription_;
  FeedMessage message_;
  // Since when the client has had the message, or the end of the call, to take.
  absl::Time write_time_;

  absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  // Whether to go on as soon as the message is written: there is more, or may be.
  bool more_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_SUBSCRIBE_CALL_H_
