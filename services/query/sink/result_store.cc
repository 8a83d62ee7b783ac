#include "services/query/sink/result_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "services/platform/runtime/log.h"
#include "services/query/core/ordered_bytes.h"
#include "services/query/core/resume_token.h"
#include "services/query/sink/batch_writer.h"
#include "services/query/sink/last_batch.h"
#include "services/query/sink/store_layout.h"

namespace windrow::query {
namespace {

namespace fs = std::filesystem;

// What the disk must take before a store that failed to write is opened again.
constexpr size_t kProbeBytes = 4 << 20;
// How long the readers of a store may take to let go of it.
constexpr absl::Duration kReadersGrace = absl::Seconds(5);

constexpr int64_t kNoHorizon = std::numeric_limits<int64_t>::min();

constexpr absl::string_view kDatabasePrefix = "db-";
constexpr absl::string_view kFormatName = "format";
constexpr absl::string_view kPartitionsName = "partitions";
constexpr absl::string_view kCompleteName = "complete";
constexpr absl::string_view kHorizonName = "horizon";

absl::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// A few tens of megabytes of memory at most: the operating system caches the files as well.
rocksdb::Options DatabaseOptions() {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(16 << 20, /*num_shard_bits=*/2);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // In blocks of a few kilobytes: a whole filter is larger than a shard of the cache, and would be
  // read from the disk for each key that is looked up.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.cache_index_and_filter_blocks = true;
  rocksdb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  // After damage in the log nothing behind it is taken.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = 16 << 20;
  options.max_write_buffer_number = 2;
  // Half as often as by default: merging files is most of what a row costs in the background.
  options.level0_file_num_compaction_trigger = 8;
  options.max_total_wal_size = 64 << 20;
  options.max_open_files = 512;
  // A log takes what is written to it, not 9 MB from the start.
  options.allow_fallocate = false;
  options.max_background_jobs = 2;
  options.level_compaction_dynamic_level_bytes = true;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_log_file_size = 1 << 20;
  options.keep_log_file_num = 2;
  return options;
}

// The numbers of the databases in a directory, ascending.
std::vector<int64_t> ListDatabases(const std::string& directory) {
  std::vector<int64_t> numbers;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    absl::string_view digits = name;
    int64_t number = 0;
    if (absl::ConsumePrefix(&digits, kDatabasePrefix) && absl::SimpleAtoi(digits, &number)) {
      numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// What the logs of writes of a database take.
uintmax_t LogBytes(const std::string& path) {
  uintmax_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".log") continue;
    const uintmax_t size = it->file_size(error);
    if (!error) bytes += size;
  }
  return bytes;
}

// Reads a number; false when it is not there.
absl::StatusOr<bool> GetNumber(rocksdb::DB* db, const std::string& key, int64_t* number) {
  std::string bytes;
  const rocksdb::Status status = db->Get(rocksdb::ReadOptions(), key, &bytes);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return StoreError(status, "reading the store");
  if (!DecodeNumber(bytes, number)) return absl::DataLossError("a stored number cannot be read");
  return true;
}

absl::StatusOr<std::optional<PartitionProgress>> GetProgress(rocksdb::DB* db, int partition) {
  std::string bytes;
  const rocksdb::Status status = db->Get(rocksdb::ReadOptions(), ProgressKey(partition), &bytes);
  if (status.IsNotFound()) return std::optional<PartitionProgress>();
  if (!status.ok()) return StoreError(status, "reading the store");
  std::optional<PartitionProgress> progress = DecodeProgress(bytes);
  if (!progress.has_value()) return absl::DataLossError("a stored progress cannot be read");
  return progress;
}

}  // namespace

ResultStore::ResultStore(absl::string_view pipeline, std::string directory, int incarnation,
                         Options options)
    : pipeline_(pipeline),
      log_name_(incarnation == 1 ? std::string(pipeline)
                                 : absl::StrCat(pipeline, ".v", incarnation)),
      directory_(std::move(directory)),
      options_(options),
      expiry_(options.retention) {}

ResultStore::~ResultStore() = default;

absl::StatusOr<std::unique_ptr<ResultStore>> ResultStore::Create(absl::string_view pipeline,
                                                                 const std::string& directory,
                                                                 int incarnation, Options options) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot create the store directory ", directory, ": ", error.message()));
  }
  std::unique_ptr<ResultStore> store(new ResultStore(pipeline, directory, incarnation, options));
  const absl::Status opened = store->OpenNewest();
  if (!opened.ok()) return opened;
  return store;
}

absl::StatusOr<std::unique_ptr<ResultStore>> ResultStore::Create(absl::string_view pipeline,
                                                                 const std::string& directory,
                                                                 int incarnation) {
  return Create(pipeline, directory, incarnation, Options());
}

absl::Status ResultStore::OpenNewest() {
  const std::vector<int64_t> numbers = ListDatabases(directory_);
  const int64_t newest = numbers.empty() ? 1 : numbers.back();
  StoreView::State state;
  absl::StatusOr<bool> loaded = false;
  absl::Status opened = OpenDatabase(newest);
  if (opened.ok()) {
    loaded = LoadState(&state);
    opened = loaded.status();
  }
  if (absl::IsDataLoss(opened)) {
    runtime::LogWarning("store damaged, rebuilding it from Kafka",
                        {{"pipeline", pipeline_},
                         {"directory", DatabasePath(newest)},
                         {"error", opened.ToString()}});
    loaded = false;
    opened = OpenDatabase(newest + 1);
  }
  if (!opened.ok()) return opened;
  // Only now: whoever has the newest database open owns the directory.
  for (const int64_t number : numbers) {
    std::error_code ignored;
    if (number != database_number_) fs::remove_all(DatabasePath(number), ignored);
  }
  if (*loaded) Publish(std::move(state));
  return absl::OkStatus();
}

std::string ResultStore::DatabasePath(int64_t number) const {
  return absl::StrFormat("%s/%s%06d", directory_, kDatabasePrefix, number);
}

absl::Status ResultStore::OpenDatabase(int64_t number) {
  database_.reset();
  memory_.reset();
  const std::string path = DatabasePath(number);
  // It may have been deleted while it was in use.
  std::error_code ignored;
  fs::create_directories(directory_, ignored);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(DatabaseOptions(), path, &db);
  if (status.IsIOError() && absl::StrContains(status.ToString(), "/LOCK")) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store ", directory_, " is in use by another process"));
  }
  if (status.IsInvalidArgument()) return absl::DataLossError(status.ToString());
  if (!status.ok()) return StoreError(status, absl::StrCat("opening the store ", path));
  database_ = std::make_shared<Database>(std::unique_ptr<rocksdb::DB>(db), path);
  database_number_ = number;
  return absl::OkStatus();
}

absl::StatusOr<bool> ResultStore::LoadState(StoreView::State* state) {
  rocksdb::DB* const db = database_->db.get();
  int64_t format = 0;
  absl::StatusOr<bool> found = GetNumber(db, MetaKey(kFormatName), &format);
  if (!found.ok()) return found;
  if (!*found) {
    mark_ = 0;
    const absl::Status empty = CheckEmpty();
    if (!empty.ok()) return empty;
    return false;
  }
  if (format != kStoreFormat) {
    return absl::DataLossError(
        absl::StrCat("the store has format ", format, ", this release uses ", kStoreFormat));
  }
  const absl::Status whole = LoadMark();
  if (!whole.ok()) return whole;
  int64_t partitions = 0;
  found = GetNumber(db, MetaKey(kPartitionsName), &partitions);
  if (!found.ok()) return found.status();
  if (!*found) return absl::DataLossError("the store does not tell its partitions");
  int64_t complete = 0;
  found = GetNumber(db, MetaKey(kCompleteName), &complete);
  if (!found.ok()) return found.status();

  found = GetNumber(db, MetaKey(kHorizonName), &state->horizon_us);
  if (!found.ok()) return found.status();

  state->incarnation = ResultsIncarnation(log_name_, static_cast<int>(partitions));
  state->epoch = epoch_;
  // Without its newest batches it would answer with less than it has answered before.
  const absl::optional<int64_t> last_batch = LastBatch(DatabasePath(database_number_)).Read();
  state->complete = complete != 0 && last_batch.has_value() && mark_ >= *last_batch;
  state->next_offsets.resize(partitions);
  state->known_from.resize(partitions);
  state->expired_through.resize(partitions);
  std::vector<std::optional<PartitionProgress>> progress(partitions);
  for (int i = 0; i < partitions; ++i) {
    found = GetNumber(db, NextOffsetKey(i), &state->next_offsets[i]);
    if (found.ok()) found = GetNumber(db, KnownFromKey(i), &state->known_from[i]);
    if (found.ok()) found = GetNumber(db, ExpiredThroughKey(i), &state->expired_through[i]);
    if (!found.ok()) return found.status();
    absl::StatusOr<std::optional<PartitionProgress>> stored = GetProgress(db, i);
    if (!stored.ok()) return stored.status();
    progress[i] = *std::move(stored);
  }
  state->results = std::make_shared<ResultView>(std::move(progress));
  const absl::Status views = LoadViews(state);
  if (!views.ok()) return views;
  return true;
}

absl::Status ResultStore::LoadMark() {
  const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator(rocksdb::ReadOptions()));
  const std::string prefix(MarkPrefix());
  int marks = 0;
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    ++marks;
    if (!DecodeNumber(ToView(it->key()).substr(prefix.size()), &mark_)) marks = 0;
  }
  if (!it->status().ok()) return StoreError(it->status(), "reading the marks");
  return marks == 1 ? absl::OkStatus() : absl::DataLossError("batches are missing in the store");
}

absl::Status ResultStore::CheckEmpty() const {
  const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator(rocksdb::ReadOptions()));
  it->SeekToFirst();
  if (it->Valid()) return absl::DataLossError("the beginning of the store is missing");
  return StoreError(it->status(), "reading the store");
}

absl::Status ResultStore::LoadViews(StoreView::State* state) const {
  const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator(rocksdb::ReadOptions()));
  const std::string prefix(ViewPrefix());
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    const std::string view(ToView(it->key()).substr(prefix.size()));
    ViewSummary& summary = state->views[view];
    if (!DecodeViewSummary(ToView(it->value()), &summary)) {
      return absl::DataLossError("a stored view cannot be read");
    }
    for (size_t i = 0; i < state->next_offsets.size(); ++i) {
      const absl::StatusOr<int64_t> last = LastChange(view, static_cast<int>(i));
      if (!last.ok()) return last.status();
      summary.changed_through.push_back(*last + 1);
    }
  }
  return StoreError(it->status(), "reading the views");
}

absl::StatusOr<int64_t> ResultStore::LastChange(absl::string_view view, int partition) const {
  const std::string prefix = ChangePrefix(view, partition);
  const std::unique_ptr<rocksdb::Iterator> it(database_->db->NewIterator(rocksdb::ReadOptions()));
  it->SeekForPrev(PrefixEnd(prefix));
  if (!it->status().ok()) return StoreError(it->status(), "reading the changes");
  if (!it->Valid() || !it->key().starts_with(prefix)) return -1;
  int64_t offset = 0;
  if (!DecodeNumber(ToView(it->key()).substr(prefix.size()), &offset)) {
    return absl::DataLossError("a stored change cannot be read");
  }
  return offset;
}

void ResultStore::Discard() {
  if (database_ != nullptr) database_->remove_when_closed = true;
  discarded_ = true;
  if (listener_) listener_();
}

std::shared_ptr<const StoreView> ResultStore::view() const {
  absl::MutexLock lock(&mutex_);
  return view_;
}

ReadingState ResultStore::reading() const {
  absl::MutexLock lock(&mutex_);
  return reading_;
}

void ResultStore::SetDefinition(std::shared_ptr<const PipelineDefinition> definition) {
  absl::MutexLock lock(&mutex_);
  definition_ = std::move(definition);
}

std::shared_ptr<const PipelineDefinition> ResultStore::definition() const {
  absl::MutexLock lock(&mutex_);
  return definition_;
}

void ResultStore::Publish(StoreView::State state) {
  auto view = std::make_shared<const StoreView>(database_, std::move(state));
  {
    absl::MutexLock lock(&mutex_);
    view_.swap(view);
  }
  // The view of before goes only now: the last one of it releases a snapshot, and may close files.
  view.reset();
  if (listener_) listener_();
}

void ResultStore::Unpublish() {
  std::shared_ptr<const StoreView> view;
  {
    absl::MutexLock lock(&mutex_);
    view_.swap(view);
    reading_ = ReadingState();
  }
  view.reset();
  if (listener_) listener_();
}

absl::Status ResultStore::trouble() const {
  absl::MutexLock lock(&mutex_);
  return trouble_;
}

void ResultStore::SetTrouble(absl::Status trouble) {
  absl::MutexLock lock(&mutex_);
  trouble_ = std::move(trouble);
}

absl::Status ResultStore::Write(rocksdb::WriteBatch* batch, absl::string_view doing) {
  batch->Put(MarkKey(mark_ + 1), "");
  // Of a key that is written once, and nothing is left of the two.
  if (mark_ > 0) batch->SingleDelete(MarkKey(mark_));
  const absl::Status written =
      StoreError(database_->db->Write(rocksdb::WriteOptions(), batch), doing);
  if (written.ok()) {
    ++mark_;
    LastBatch(DatabasePath(database_number_)).Write(mark_);
    return written;
  }
  stuck_ = true;
  if (absl::IsDataLoss(written)) database_->broken = true;
  SetTrouble(written);
  return written;
}

absl::StatusOr<std::vector<int64_t>> ResultStore::Open(int partitions) {
  if (IsBroken()) return absl::DataLossError("the store was found damaged");
  if (stuck_) {
    const absl::Status revived = Revive();
    if (!revived.ok()) return revived;
  }
  std::shared_ptr<const StoreView> current = view();
  if (current != nullptr && current->partitions() == partitions) {
    return current->state().next_offsets;
  }
  if (current != nullptr) {
    const std::string words = absl::StrCat("the results topic has ", partitions,
                                           " partitions, the store ", current->partitions());
    current.reset();
    const absl::Status rebuilt = Rebuild(RebuildReason::kTopicChanged, words);
    if (!rebuilt.ok()) return rebuilt;
  }
  rocksdb::WriteBatch batch;
  batch.Put(MetaKey(kFormatName), EncodeNumber(kStoreFormat));
  batch.Put(MetaKey(kPartitionsName), EncodeNumber(partitions));
  const absl::Status written = Write(&batch, "preparing the store");
  if (!written.ok()) return written;

  StoreView::State state;
  state.incarnation = ResultsIncarnation(log_name_, partitions);
  state.epoch = epoch_;
  state.next_offsets.resize(partitions);
  state.known_from.resize(partitions);
  state.expired_through.resize(partitions);
  state.results =
      std::make_shared<ResultView>(std::vector<std::optional<PartitionProgress>>(partitions));
  std::vector<int64_t> next_offsets = state.next_offsets;
  Publish(std::move(state));
  return next_offsets;
}

absl::Status ResultStore::Apply(const ChangeBatch& batch) {
  if (IsBroken()) return absl::DataLossError("the store was found damaged");
  if (stuck_) {
    const absl::Status revived = Revive();
    if (!revived.ok()) return revived;
  }
  const std::shared_ptr<const StoreView> current = view();
  if (current == nullptr) return absl::FailedPreconditionError("the store is not open");
  absl::StatusOr<WriterMemory> memory = TakeMemory(current->state());
  if (absl::IsDataLoss(memory.status())) database_->broken = true;
  if (!memory.ok()) return memory.status();
  BatchWriter writer(database_->db.get(), current->state(), *std::move(memory));
  const absl::Status added = writer.Add(batch);
  if (absl::IsDataLoss(added)) database_->broken = true;
  if (!added.ok()) return added;
  StoreView::State after = writer.TakeState();
  const std::optional<int64_t> closed_us = after.results->closed_through_us();
  const int64_t horizon_us = closed_us.has_value() ? expiry_.HorizonAt(*closed_us) : kNoHorizon;
  if (horizon_us > after.horizon_us) {
    after.horizon_us = horizon_us;
    writer.write()->Put(MetaKey(kHorizonName), EncodeNumber(horizon_us));
  }
  const absl::Status written = Write(writer.write(), "writing results");
  if (!written.ok()) return written;
  memory_ = writer.TakeMemory();
  Publish(std::move(after));
  return absl::OkStatus();
}

absl::StatusOr<WriterMemory> ResultStore::TakeMemory(const StoreView::State& state) {
  if (!memory_.has_value()) return WriterMemory::Load(database_->db.get(), state.views);
  WriterMemory memory = *std::move(memory_);
  memory_.reset();
  return memory;
}

absl::Status ResultStore::Revive() {
  // Closing would end the reads as well, so not before the disk takes data again: opening writes
  // what is in the logs once more.
  std::error_code unknown;
  const fs::space_info space = fs::space(directory_, unknown);
  if (!unknown && space.available < LogBytes(DatabasePath(database_number_)) + kProbeBytes) {
    return absl::ResourceExhaustedError("the disk of the store is full");
  }
  const std::string probe_path = directory_ + "/probe";
  std::ofstream probe(probe_path, std::ios::binary);
  probe << std::string(kProbeBytes, 'x');
  probe.close();
  std::error_code ignored;
  fs::remove(probe_path, ignored);
  if (!probe) return absl::ResourceExhaustedError("the disk of the store takes no data");
  const absl::Status reopened = Reopen();
  if (!reopened.ok()) {
    SetTrouble(reopened);
    return reopened;
  }
  stuck_ = false;
  SetTrouble(absl::OkStatus());
  return absl::OkStatus();
}

absl::Status ResultStore::Reopen() {
  expiry_ = Expiry(options_.retention);
  // RocksDB's own Resume does not get over a failed write to its log (tried with 7.8).
  Unpublish();
  const absl::Time deadline = absl::Now() + kReadersGrace;
  while (database_ != nullptr && database_.use_count() > 1) {
    if (absl::Now() > deadline) return absl::UnavailableError("the store is still being read");
    absl::SleepFor(absl::Milliseconds(5));
  }
  absl::Status status = OpenDatabase(database_number_);
  if (!status.ok()) return status;
  StoreView::State state;
  const absl::StatusOr<bool> loaded = LoadState(&state);
  if (!loaded.ok()) return loaded.status();
  if (!*loaded) return absl::DataLossError("the store is empty after it was opened again");
  Publish(std::move(state));
  return absl::OkStatus();
}

absl::Status ResultStore::MarkComplete() {
  const std::shared_ptr<const StoreView> current = view();
  if (current == nullptr) return absl::FailedPreconditionError("the store is not open");
  if (current->complete()) return absl::OkStatus();
  rocksdb::WriteBatch batch;
  batch.Put(MetaKey(kCompleteName), EncodeNumber(1));
  const absl::Status written = Write(&batch, "writing results");
  if (!written.ok()) return written;
  StoreView::State state = current->state();
  state.complete = true;
  Publish(std::move(state));
  return absl::OkStatus();
}

absl::Status ResultStore::Rebuild(RebuildReason reason, absl::string_view words) {
  runtime::LogWarning("store discarded, rebuilding it from Kafka",
                      {{"pipeline", pipeline_}, {"reason", words}});
  const std::shared_ptr<Database> old = database_;
  const absl::Status opened = OpenDatabase(database_number_ + 1);
  if (!opened.ok()) {
    database_ = old;
    return opened;
  }
  if (old != nullptr) old->remove_when_closed = true;
  stuck_ = false;
  mark_ = 0;
  expiry_ = Expiry(options_.retention);
  SetTrouble(absl::OkStatus());
  if (reason == RebuildReason::kTopicChanged) ++epoch_;
  Unpublish();
  return absl::OkStatus();
}

absl::Status ResultStore::Report(const ReadingState& state) {
  if (IsBroken()) return absl::DataLossError("the store was found damaged");
  {
    absl::MutexLock lock(&mutex_);
    reading_ = state;
  }
  return Expire();
}

absl::Status ResultStore::Expire() {
  const std::shared_ptr<const StoreView> current = view();
  // A store that cannot be written to has other worries.
  if (current == nullptr || stuck_ || !expiry_.IsDue(current->state())) return absl::OkStatus();
  rocksdb::WriteBatch batch;
  StoreView::State state = current->state();
  absl::Status done = expiry_.Step(database_->db.get(), &batch, &state);
  if (done.ok()) done = Write(&batch, "removing expired rows");
  if (done.ok()) {
    if (memory_.has_value()) memory_->ForgetWindows();
    Publish(std::move(state));
    return done;
  }
  expiry_ = Expiry(options_.retention);
  if (absl::IsDataLoss(done)) {
    database_->broken = true;
    return done;
  }
  // The next write tells.
  return absl::OkStatus();
}

}  // namespace windrow::query
