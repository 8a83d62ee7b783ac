#include "services/query/sink/feed_calls.h"

#include <utility>

#include "services/query/core/resume_token.h"
#include "services/query/sink/feed_request.h"
#include "services/query/sink/query_error.h"
#include "services/query/sink/subscription.h"
#include "windrow/query/v1/query_service.grpc.pb.h"

namespace windrow::query {
namespace {

// A call that ends as soon as it begins.
class RefusedCall : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit RefusedCall(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* FeedCalls::Subscribe(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer& request) {
  v1::SubscribeRequest parsed;
  grpc::ByteBuffer bytes = request;
  grpc::Status status =
      grpc::SerializationTraits<v1::SubscribeRequest>::Deserialize(&bytes, &parsed);
  if (!status.ok()) return new RefusedCall(status);
  std::unique_ptr<Subscription> subscription;
  ServedStores::StorePtr store;
  status = Prepare(parsed, &subscription, &store);
  if (!status.ok()) return new RefusedCall(status);
  return Start(context, *std::move(subscription), std::move(store));
}

grpc::Status FeedCalls::Prepare(const v1::SubscribeRequest& request,
                                std::unique_ptr<Subscription>* subscription,
                                ServedStores::StorePtr* store) {
  FeedSelection selection;
  selection.parent = request.parent();
  selection.final_only = request.final_only();
  Subscription::Options options;
  ServedView served;
  ResumeToken start;
  grpc::Status status = CheckFeed(request, &selection, &options);
  if (status.ok()) status = stores_->FindView(request.parent(), &served);
  if (!status.ok()) return status;
  selection.view = served.name.view;
  status = FindStart(request, selection, *served.content, &start);
  if (!status.ok()) return status;
  std::shared_ptr<FeedReader> reader = readers_.Get(served.store.get(), std::move(selection));
  const absl::Status checked = reader->CheckFilter(*served.content);
  if (!checked.ok()) return FeedError(checked);
  *store = std::move(served.store);
  *subscription = std::make_unique<Subscription>(options, std::move(reader), std::move(start),
                                                 served.content->epoch());
  return grpc::Status::OK;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* FeedCalls::Start(grpc::CallbackServerContext* context,
                                                             Subscription subscription,
                                                             ServedStores::StorePtr store) {
  SubscribeCall::Options options;
  options.patience = options_.patience;
  options.on_done = [this](SubscribeCall* done) {
    absl::MutexLock lock(&mutex_);
    calls_.erase(done);
  };
  absl::MutexLock lock(&mutex_);
  if (draining_) return new RefusedCall(Draining());
  if (calls_.size() >= static_cast<size_t>(options_.max_subscribers)) {
    return new RefusedCall(TooManySubscribers(options_.max_subscribers));
  }
  SubscribeCall* const call = SubscribeCall::Start(context, std::move(subscription),
                                                   std::move(store), &scheduler_, options);
  calls_.insert(call);
  return call;
}

void FeedCalls::Drain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
  for (SubscribeCall* const call : calls_) call->Drain();
}

int FeedCalls::open() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(calls_.size());
}

}  // namespace windrow::query
