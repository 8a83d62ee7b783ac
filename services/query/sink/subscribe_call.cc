#include "services/query/sink/subscribe_call.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "services/query/sink/query_error.h"

namespace windrow::query {
namespace {

constexpr absl::string_view kDraining = "DRAINING";

}  // namespace

SubscribeCall::SubscribeCall(grpc::CallbackServerContext* context, Subscription subscription,
                             std::shared_ptr<const ResultStore> store, FeedScheduler* scheduler,
                             Options options)
    : call_(context->c_call()),
      store_(std::move(store)),
      scheduler_(scheduler),
      options_(std::move(options)),
      subscription_(std::move(subscription)) {
  grpc_call_ref(call_);
}

SubscribeCall::~SubscribeCall() { grpc_call_unref(call_); }

SubscribeCall* SubscribeCall::Start(grpc::CallbackServerContext* context, Subscription subscription,
                                    std::shared_ptr<const ResultStore> store,
                                    FeedScheduler* scheduler, Options options) {
  std::shared_ptr<SubscribeCall> call(new SubscribeCall(
      context, std::move(subscription), std::move(store), scheduler, std::move(options)));
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
  if (finished_) return Turn::kFinished;
  if (writing_) {
    more_ = true;
    return Turn::kWriting;
  }
  if (cancelled_) return Turn::kCancel;
  return draining_ ? Turn::kDrain : Turn::kGoOn;
}

void SubscribeCall::MarkFinished(absl::Time now) {
  write_time_ = now;
  absl::MutexLock lock(&mutex_);
  finished_ = true;
}

absl::Time SubscribeCall::Run() {
  const absl::Time now = absl::Now();
  switch (TakeTurn()) {
    case Turn::kFinished:
      return AwaitEnd(now);
    case Turn::kWriting:
      return AwaitWrite(now);
    case Turn::kCancel:
      MarkFinished(now);
      Finish(grpc::Status::CANCELLED);
      break;
    case Turn::kDrain:
      MarkFinished(now);
      message_ = subscription_.MakeClose(kDraining);
      if (message_ == nullptr) {
        Finish(Draining());
      } else {
        StartWriteAndFinish(message_.get(), grpc::WriteOptions(), Draining());
      }
      break;
    case Turn::kGoOn:
      return GoOn(now);
  }
  return now + options_.patience;
}

absl::Time SubscribeCall::AwaitWrite(absl::Time now) {
  const absl::Time deadline = write_time_ + options_.patience;
  if (now < deadline) return deadline;
  MarkFinished(now);
  Finish(TooSlow(options_.patience, subscription_.resume_token()));
  return now + options_.patience;
}

absl::Time SubscribeCall::AwaitEnd(absl::Time now) {
  const absl::Time deadline = write_time_ + options_.patience;
  if (now < deadline) return deadline;
  // It does not even take the end.
  grpc_call_cancel(call_, nullptr);
  return absl::InfiniteFuture();
}

absl::Time SubscribeCall::GoOn(absl::Time now) {
  absl::StatusOr<Subscription::Step> step =
      store_->discarded()
          ? absl::AbortedError("other results have taken their place; list again, then subscribe")
          : subscription_.Next(store_->view(), store_->reading(), now);
  if (!step.ok()) {
    MarkFinished(now);
    Finish(FeedError(step.status()));
    return now + options_.patience;
  }
  const absl::Time again = step->again;
  if (step->message == nullptr) return again;
  Write(*std::move(step), now);
  // Without a pause, OnWriteDone comes first; else the next look is for a heartbeat.
  return again <= now ? now + options_.patience : std::min(again, now + options_.patience);
}

void SubscribeCall::Write(Subscription::Step step, absl::Time now) {
  message_ = std::move(step.message);
  write_time_ = now;
  if (step.ends) {
    MarkFinished(now);
    StartWriteAndFinish(message_.get(), grpc::WriteOptions(), grpc::Status::OK);
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    writing_ = true;
    more_ = step.again <= now;
  }
  StartWrite(message_.get());
}

void SubscribeCall::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (!ok) cancelled_ = true;
    if (ok && !more_) return;
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
  options_.on_done(this);
}

}  // namespace windrow::query
