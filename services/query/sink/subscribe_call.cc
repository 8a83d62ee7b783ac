#include "services/query/sink/subscribe_call.h"

#include <utility>

#include "absl/time/clock.h"
#include "services/query/sink/query_error.h"

namespace windrow::query {

SubscribeCall::SubscribeCall(Subscription subscription, std::shared_ptr<const ResultStore> store,
                             FeedScheduler* scheduler, std::function<void(SubscribeCall*)> on_done)
    : store_(std::move(store)),
      scheduler_(scheduler),
      on_done_(std::move(on_done)),
      subscription_(std::move(subscription)) {}

SubscribeCall* SubscribeCall::Start(Subscription subscription,
                                    std::shared_ptr<const ResultStore> store,
                                    FeedScheduler* scheduler,
                                    std::function<void(SubscribeCall*)> on_done) {
  std::shared_ptr<SubscribeCall> call(
      new SubscribeCall(std::move(subscription), std::move(store), scheduler, std::move(on_done)));
  call->self_ = call;
  scheduler->Add(call);
  return call.get();
}

void SubscribeCall::Drain() {
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  scheduler_->Wake(this);
}

SubscribeCall::Turn SubscribeCall::TakeTurn() {
  absl::MutexLock lock(&mutex_);
  if (finished_ || writing_) return Turn::kWait;
  if (cancelled_ || draining_) {
    finished_ = true;
    return cancelled_ ? Turn::kCancel : Turn::kDrain;
  }
  return Turn::kGoOn;
}

absl::Time SubscribeCall::Run() {
  switch (TakeTurn()) {
    case Turn::kWait:
      return absl::InfiniteFuture();
    case Turn::kCancel:
      Finish(grpc::Status::CANCELLED);
      return absl::InfiniteFuture();
    case Turn::kDrain:
      message_ = subscription_.MakeClose("this replica is stopping");
      StartWriteAndFinish(&message_, grpc::WriteOptions(), Draining());
      return absl::InfiniteFuture();
    case Turn::kGoOn:
      break;
  }
  const std::shared_ptr<const StoreView> view = store_->view();
  absl::StatusOr<Subscription::Step> step =
      store_->discarded()
          ? absl::AbortedError("other results have taken their place; list again, then subscribe")
          : subscription_.Next(view.get(), store_->reading(), absl::Now());
  if (!step.ok()) {
    {
      absl::MutexLock lock(&mutex_);
      finished_ = true;
    }
    Finish(FeedError(step.status()));
    return absl::InfiniteFuture();
  }
  if (!step->message.has_value()) return step->again;
  message_ = *std::move(step->message);
  {
    absl::MutexLock lock(&mutex_);
    writing_ = true;
  }
  StartWrite(&message_);
  return absl::InfiniteFuture();  // OnWriteDone comes first.
}

void SubscribeCall::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) cancelled_ = true;
  }
  scheduler_->Wake(this);
}

void SubscribeCall::OnCancel() {
  {
    absl::MutexLock lock(&mutex_);
    cancelled_ = true;
  }
  scheduler_->Wake(this);
}

void SubscribeCall::OnDone() {
  scheduler_->Remove(this);
  const std::shared_ptr<SubscribeCall> last = std::move(self_);
  on_done_(this);
}

}  // namespace windrow::query
