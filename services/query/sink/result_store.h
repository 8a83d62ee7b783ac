#ifndef SERVICES_QUERY_SINK_RESULT_STORE_H_
#define SERVICES_QUERY_SINK_RESULT_STORE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "services/query/core/pipeline_definition.h"
#include "services/query/core/result_change.h"
#include "services/query/core/result_target.h"
#include "services/query/sink/store_view.h"

namespace windrow::query {

// The results of one incarnation of a pipeline, on disk in RocksDB, together with the offsets up to
// which the topic has been applied: each batch is one atomic write. Holds nothing that could not be
// read from Kafka again, so it is not synced to the disk at every batch, and a store that is
// damaged, of another format or of another topic is thrown away and rebuilt.
//
// One thread writes (the calls of ResultTarget); any thread reads, by view().
class ResultStore : public ResultTarget {
 public:
  // Opens or creates the store in `directory`, which belongs to it alone. Errors are those of the
  // disk: a damaged store is none.
  static absl::StatusOr<std::unique_ptr<ResultStore>> Create(absl::string_view pipeline,
                                                             const std::string& directory,
                                                             int incarnation = 1);
  ~ResultStore() override;
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;

  const std::string& pipeline() const { return pipeline_; }

  // Another store has taken its place, or the pipeline is gone: whoever still reads from it is to
  // stop, and with the last of them its files go. After the last write.
  void Discard();
  bool discarded() const { return discarded_; }

  // The content as of the last applied batch; null while nothing is known of the topic.
  std::shared_ptr<const StoreView> view() const;

  // How far the reading is, as last reported.
  ReadingState reading() const;

  // What the rows are; null until it is set. Thread-safe.
  void SetDefinition(std::shared_ptr<const PipelineDefinition> definition);
  std::shared_ptr<const PipelineDefinition> definition() const;

  // Called after every change of view(), on the writer's thread; must be quick. Set before the
  // first write.
  void SetListener(std::function<void()> listener) { listener_ = std::move(listener); }

  absl::StatusOr<std::vector<int64_t>> Open(int partitions) override;
  absl::Status Apply(const ChangeBatch& batch) override;
  absl::Status MarkComplete() override;
  absl::Status Rebuild(RebuildReason reason, absl::string_view words) override;
  absl::Status Report(const ReadingState& state) override;

 private:
  ResultStore(absl::string_view pipeline, std::string directory, int incarnation);

  // Opens the newest database in the directory, or a new one if there is none or it is damaged.
  absl::Status OpenNewest();
  absl::Status OpenDatabase(int64_t number);
  // Reads what view() needs to know from the database; nothing is known of a new one.
  absl::StatusOr<bool> LoadState(StoreView::State* state) const;
  absl::Status LoadViews(StoreView::State* state) const;
  absl::StatusOr<int64_t> LastChange(absl::string_view view, int partition) const;
  // Makes a store that failed to write ready to be written to again.
  absl::Status Revive();
  absl::Status Reopen();
  void Publish(StoreView::State state);
  void Unpublish();
  std::string DatabasePath(int64_t number) const;
  bool IsBroken() const { return database_ != nullptr && database_->broken; }

  const std::string pipeline_;
  // Tells its log from those of the pipeline's other incarnations.
  const std::string log_name_;
  const std::string directory_;
  std::atomic<bool> discarded_{false};
  std::function<void()> listener_;

  // Used by the writer only. The database is null after it could not be opened again.
  std::shared_ptr<Database> database_;
  int64_t database_number_ = 0;
  int64_t epoch_ = 0;
  // Whether the last write failed.
  bool stuck_ = false;

  mutable absl::Mutex mutex_;
  std::shared_ptr<const StoreView> view_ ABSL_GUARDED_BY(mutex_);
  ReadingState reading_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const PipelineDefinition> definition_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_RESULT_STORE_H_
