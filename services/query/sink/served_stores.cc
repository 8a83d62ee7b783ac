#include "services/query/sink/served_stores.h"

#include <optional>
#include <utility>

#include "services/query/sink/query_error.h"

namespace windrow::query {
namespace {

bool IsReadable(const std::shared_ptr<const StoreView>& content) {
  return content != nullptr && content->complete() && !content->damaged();
}

}  // namespace

ServedStores::~ServedStores() {
  absl::MutexLock lock(&mutex_);
  for (const auto& [pipeline, store] : stores_) store->SetListener(nullptr);
}

void ServedStores::Serve(std::shared_ptr<ResultStore> store) {
  store->SetListener(on_change_);
  {
    absl::MutexLock lock(&mutex_);
    stores_[store->pipeline()].swap(store);
  }
  if (store == nullptr) return;
  store->Discard();
  store->SetListener(nullptr);
}

void ServedStores::Withdraw(const std::string& pipeline) {
  std::shared_ptr<ResultStore> store;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = stores_.find(pipeline);
    if (found == stores_.end()) return;
    store = std::move(found->second);
    stores_.erase(found);
  }
  store->Discard();
  store->SetListener(nullptr);
}

void ServedStores::SetAllServed(bool all_served, absl::Status trouble) {
  all_served_ = all_served;
  absl::MutexLock lock(&mutex_);
  trouble_ = std::move(trouble);
}

absl::Status ServedStores::trouble() const {
  absl::MutexLock lock(&mutex_);
  return trouble_;
}

ServedStores::StorePtr ServedStores::FindStore(const std::string& pipeline) const {
  absl::MutexLock lock(&mutex_);
  const auto found = stores_.find(pipeline);
  return found == stores_.end() ? nullptr : found->second;
}

bool ServedStores::IsAnswered(const ResultStore& store) { return IsReadable(store.view()); }

bool ServedStores::HasNoTopic(const ResultStore& store) {
  const ReadingState reading = store.reading();
  return store.view() == nullptr && reading.known && !reading.topic_exists;
}

grpc::Status ServedStores::Content(const ResultStore& store,
                                   std::shared_ptr<const StoreView>* content) {
  *content = store.view();
  if (IsReadable(*content)) return grpc::Status::OK;
  return CatchingUp(store.pipeline(), store.reading());
}

grpc::Status ServedStores::FindPipelines(const std::string& parent,
                                         std::vector<StorePtr>* stores) const {
  if (parent.empty()) {
    absl::MutexLock lock(&mutex_);
    for (const auto& [pipeline, store] : stores_) stores->push_back(store);
    return grpc::Status::OK;
  }
  const std::optional<std::string> pipeline = ParsePipelineName(parent);
  if (!pipeline.has_value()) return WrongField("parent", "must be of the form pipelines/{id}");
  StorePtr store = FindStore(*pipeline);
  if (store == nullptr) return all_served_ ? PipelineNotFound(*pipeline) : NotKnownYet(*pipeline);
  stores->push_back(std::move(store));
  return grpc::Status::OK;
}

grpc::Status ServedStores::FindView(const std::string& parent, ServedView* served) const {
  std::optional<ViewName> name = ParseViewName(parent);
  if (!name.has_value()) {
    return WrongField("parent", "must be of the form pipelines/{id}/views/{id}");
  }
  StorePtr store = FindStore(name->pipeline);
  if (store == nullptr) return all_served_ ? ViewNotFound(parent) : NotKnownYet(name->pipeline);
  const grpc::Status ready = Content(*store, &served->content);
  if (!ready.ok()) return ready;
  if (served->content->views().count(name->view) == 0) return ViewNotFound(parent);
  served->name = *std::move(name);
  served->store = std::move(store);
  return grpc::Status::OK;
}

grpc::Status ServedStores::FindDefinition(const ServedView& served, ViewDefinition* view) {
  const std::shared_ptr<const PipelineDefinition> definition = served.store->definition();
  if (definition == nullptr) return DefinitionUnknown(served.name.pipeline);
  const auto found = definition->views.find(served.name.view);
  if (found == definition->views.end()) return DefinitionUnknown(served.name.pipeline);
  *view = found->second;
  return grpc::Status::OK;
}

}  // namespace windrow::query
