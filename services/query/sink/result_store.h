#ifndef SERVICES_QUERY_SINK_RESULT_STORE_H_
#define SERVICES_QUERY_SINK_RESULT_STORE_H_

#include <rocksdb/write_batch.h>

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
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/query/core/pipeline_definition.h"
#include "services/query/core/result_change.h"
#include "services/query/core/result_target.h"
#include "services/query/sink/expiry.h"
#include "services/query/sink/store_view.h"
#include "services/query/sink/writer_memory.h"

namespace windrow::query {

// The results of one incarnation of a pipeline, on disk in RocksDB, together with the offsets up to
// which the topic has been applied: each batch is one atomic write. Holds nothing that could not be
// read from Kafka again, so it is not synced to the disk at every batch, and a store that is
// damaged, of another format or of another topic is thrown away and rebuilt. Damage is what a
// checksum of RocksDB says, or a batch that is missing (see MarkKey): losing the last batches is
// none, they are read again.
//
// One thread writes (the calls of ResultTarget); any thread reads, by view().
class ResultStore : public ResultTarget {
 public:
  struct Options {
    // How far behind the watermark windows are kept; infinite for all. What was given up under a
    // shorter one does not come back.
    absl::Duration retention = absl::InfiniteDuration();
  };

  // Opens or creates the store in `directory`, which belongs to it alone. Errors are those of the
  // disk: a damaged store is none.
  static absl::StatusOr<std::unique_ptr<ResultStore>> Create(absl::string_view pipeline,
                                                             const std::string& directory,
                                                             int incarnation, Options options);
  // With the defaults.
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

  // Why nothing is applied: RESOURCE_EXHAUSTED while the disk is full; OK when all is well.
  absl::Status trouble() const;

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
  ResultStore(absl::string_view pipeline, std::string directory, int incarnation, Options options);

  // Opens the newest database in the directory, or a new one if there is none or it is damaged.
  absl::Status OpenNewest();
  absl::Status OpenDatabase(int64_t number);
  // Reads what view() needs to know from the database; nothing is known of a new one.
  absl::StatusOr<bool> LoadState(StoreView::State* state);
  absl::Status LoadViews(StoreView::State* state) const;
  // DATA_LOSS unless the database holds all batches up to the last one it has; reads its number.
  absl::Status LoadMark();
  // The same for a database that tells nothing of itself: it must hold nothing.
  absl::Status CheckEmpty() const;
  // Writes a batch, with its mark.
  absl::Status Write(rocksdb::WriteBatch* batch, absl::string_view doing);
  // What is known of the database; the writer of a batch gives it back when that is written.
  absl::StatusOr<WriterMemory> TakeMemory(const StoreView::State& state);
  // Removes some of what the retention no longer keeps.
  absl::Status Expire();
  void SetTrouble(absl::Status trouble);
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
  const Options options_;
  std::atomic<bool> discarded_{false};
  std::function<void()> listener_;

  // Used by the writer only. The database is null after it could not be opened again.
  std::shared_ptr<Database> database_;
  int64_t database_number_ = 0;
  int64_t epoch_ = 0;
  // Number of the last batch.
  int64_t mark_ = 0;
  Expiry expiry_;
  // Of the database as it is; absent when that has to be found out.
  absl::optional<WriterMemory> memory_;
  // Whether the last write failed.
  bool stuck_ = false;

  mutable absl::Mutex mutex_;
  std::shared_ptr<const StoreView> view_ ABSL_GUARDED_BY(mutex_);
  ReadingState reading_ ABSL_GUARDED_BY(mutex_);
  absl::Status trouble_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const PipelineDefinition> definition_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_RESULT_STORE_H_
