#ifndef SERVICES_QUERY_SINK_SERVED_STORES_H_
#define SERVICES_QUERY_SINK_SERVED_STORES_H_

#include <grpcpp/support/status.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "services/query/core/pipeline_definition.h"
#include "services/query/core/view_name.h"
#include "services/query/sink/result_store.h"

namespace windrow::query {

// A view that can be served, with what it held when it was found.
struct ServedView {
  ViewName name;
  std::shared_ptr<const ResultStore> store;
  std::shared_ptr<const StoreView> content;
};

// The stores that calls are answered from, by pipeline, and what calls look for in them; errors are
// those of the calls. Thread-safe.
class ServedStores {
 public:
  using StorePtr = std::shared_ptr<const ResultStore>;

  // `on_change` is called, by their writers, when any of the stores has changed.
  explicit ServedStores(std::function<void()> on_change) : on_change_(std::move(on_change)) {}
  ~ServedStores();

  // As of QueryService.
  void Serve(std::shared_ptr<ResultStore> store);
  void Withdraw(const std::string& pipeline);
  void SetAllServed(bool all_served, absl::Status trouble);

  bool all_served() const { return all_served_; }
  // Why stores cannot be opened.
  absl::Status trouble() const;

  // The stores that a parent names, by pipeline; all for an empty one.
  grpc::Status FindPipelines(const std::string& parent, std::vector<StorePtr>* stores) const;
  grpc::Status FindView(const std::string& parent, ServedView* served) const;
  // What a view computes; UNAVAILABLE (DEFINITION_UNKNOWN) until that is known.
  static grpc::Status FindDefinition(const ServedView& served, ViewDefinition* view);
  // The content of a store, once everything there was has been read.
  static grpc::Status Content(const ResultStore& store, std::shared_ptr<const StoreView>* content);

  // Whether calls are answered from what the store holds. One that was found damaged is about to be
  // rebuilt.
  static bool IsAnswered(const ResultStore& store);
  // Whether there is nothing to be read.
  static bool HasNoTopic(const ResultStore& store);

 private:
  // Null when the pipeline is not served.
  StorePtr FindStore(const std::string& pipeline) const;

  const std::function<void()> on_change_;
  std::atomic<bool> all_served_{true};
  mutable absl::Mutex mutex_;
  // By pipeline id.
  std::map<std::string, std::shared_ptr<ResultStore>> stores_ ABSL_GUARDED_BY(mutex_);
  absl::Status trouble_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_SERVED_STORES_H_
