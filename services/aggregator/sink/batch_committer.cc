#include "services/aggregator/sink/batch_committer.h"

#include "absl/strings/str_cat.h"
#include "services/aggregator/sink/frame_encoder.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

using record_log::TransactionOutcome;
using record_log::TransactionStep;

// An open transaction of a dead worker holds back the readers of partials this long.
constexpr absl::Duration kTransactionTimeout = absl::Seconds(5);
// A commit that takes longer is given up and settled by a new producer, before the broker ends the
// transaction by itself: that would look as if another process had taken over the id.
constexpr absl::Duration kCommitDeadline = absl::Milliseconds(4500);
constexpr absl::Duration kReplaceDeadline = absl::Seconds(20);
constexpr absl::Duration kFencedAgainWithin = absl::Minutes(1);

}  // namespace

BatchCommitter::BatchCommitter(Options options)
    : options_(std::move(options)),
      topics_(options_.plan->id, options_.plan->incarnation),
      result_encoder_(options_.plan) {}

BatchCommitter::~BatchCommitter() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status BatchCommitter::Connect(absl::Duration timeout) { return MakeProducer(timeout); }

void BatchCommitter::Start() {
  thread_ = std::thread([this] { Run(); });
}

void BatchCommitter::Submit(SealedBatch batch) {
  busy_ = true;
  absl::MutexLock lock(&mutex_);
  submitted_ = std::move(batch);
}

absl::optional<CommitResult> BatchCommitter::TakeResult(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return result_.has_value(); };
  if (!options_.clock->Await(&mutex_, absl::Condition(&ready), deadline)) return absl::nullopt;
  absl::optional<CommitResult> result = std::move(result_);
  result_.reset();
  busy_ = false;
  return result;
}

void BatchCommitter::Run() {
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return submitted_.has_value() || stopping_;
  };
  do {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&ready));
  } while (CommitSubmitted());
}

bool BatchCommitter::CommitSubmitted() {
  absl::optional<SealedBatch> batch;
  {
    absl::MutexLock lock(&mutex_);
    if (!submitted_.has_value()) return false;
    batch = std::move(submitted_);
    submitted_.reset();
  }
  const absl::Time start = Now();
  CommitResult result = Commit(*batch);
  result.duration = Now() - start;
  batch.reset();
  {
    absl::MutexLock lock(&mutex_);
    result_ = std::move(result);
  }
  options_.on_result();
  return true;
}

CommitResult BatchCommitter::Commit(const SealedBatch& batch) {
  CommitResult result;
  if (batch.epoch != epoch_) {
    result.error = "counted under an assignment that is over";
    return result;
  }
  if ((producer_ == nullptr || producer_->tainted()) && !ReplaceProducer()) {
    result.error = "the transactional producer could not be replaced";
    return result;
  }
  if (batch.epoch != epoch_) {
    // Replacing took its time.
    result.error = "the assignment ended meanwhile";
    return result;
  }
  const absl::Time deadline = Now() + kCommitDeadline;
  TransactionStep step = producer_->Begin();
  // Offsets first: an owner that lost its partitions is refused before it has written anything.
  if (step.ok()) step = producer_->SendOffsets(batch.offsets, *batch.group, deadline);
  if (step.ok()) step = Write(batch, deadline, &result);
  if (step.ok()) step = CheckFrames(batch, deadline, &result);
  if (step.ok()) step = producer_->Commit(deadline);
  if (step.ok()) {
    result.committed = true;
    TellFrameOffsets(&result);
  } else {
    Recover(step, deadline, &result);
  }
  return result;
}

TransactionStep BatchCommitter::Write(const SealedBatch& batch, absl::Time deadline,
                                      CommitResult* result) {
  TransactionStep step = WriteFrames(batch, deadline);
  if (!step.ok()) return step;
  if (batch.plan != nullptr) result_encoder_.UsePlan(batch.plan);
  result->snapshots.reserve(batch.merges.size());
  for (const MergeOutput& merge : batch.merges) {
    step = WriteMerge(merge, deadline, result);
    if (!step.ok()) return step;
  }
  for (const DeadLetter& letter : batch.dead_letters) {
    step = WriteDeadLetter(letter, deadline);
    if (!step.ok()) return step;
  }
  return step;
}

TransactionStep BatchCommitter::WriteFrames(const SealedBatch& batch, absl::Time deadline) {
  delivered_.assign(batch.frames.size(), {});
  for (size_t m = 0; m < batch.frames.size(); ++m) {
    const std::vector<std::string> records = batch.frame_records.empty()
                                                 ? EncodeFrame(*options_.plan, batch.frames[m])
                                                 : batch.frame_records[m];
    // Not to grow from here on: the producer fills it in.
    delivered_[m].assign(records.size(), -1);
    for (size_t i = 0; i < records.size(); ++i) {
      const TransactionStep step = producer_->Produce(topics_.partials, static_cast<int>(m), "",
                                                      records[i], deadline, &delivered_[m][i]);
      if (!step.ok()) return step;
    }
  }
  return TransactionStep();
}

TransactionStep BatchCommitter::CheckFrames(const SealedBatch& batch, absl::Time deadline,
                                            CommitResult* result) {
  if (batch.expected_offsets.empty()) return TransactionStep();
  TransactionStep step = producer_->Flush(deadline);
  for (size_t m = 0; step.ok() && m < delivered_.size(); ++m) {
    int64_t expected = batch.expected_offsets[m];
    for (const int64_t offset : delivered_[m]) {
      if (offset == expected++) continue;
      result->misplaced = offset >= 0;
      return {TransactionOutcome::kAbort,
              absl::StrCat(topics_.partials, "-", m, ": a frame is at offset ", offset,
                           " and not at ", expected - 1)};
    }
  }
  return step;
}

void BatchCommitter::TellFrameOffsets(CommitResult* result) const {
  for (const std::vector<int64_t>& offsets : delivered_) {
    result->frame_offsets.push_back(offsets.empty() ? -1 : offsets.back());
  }
}

TransactionStep BatchCommitter::WriteMerge(const MergeOutput& merge, absl::Time deadline,
                                           CommitResult* result) {
  TransactionStep step;
  result_encoder_.Encode(merge.partition, merge.changes, absl::ToUnixMillis(Now()),
                         [&](absl::string_view key, absl::optional<absl::string_view> value) {
                           if (!step.ok()) return;
                           // A view of nothing, not of empty text, is a record without a value.
                           step = producer_->Produce(topics_.results, merge.partition, key,
                                                     value.value_or(absl::string_view()), deadline,
                                                     nullptr);
                         });
  for (const ViewChanges& view : merge.changes.views) {
    result->rows += static_cast<int64_t>(view.rows.size());
  }
  if (merge.snapshot.empty()) return step;
  // `snapshots` has room reserved, so the address stays valid until the delivery.
  result->snapshots.push_back(
      {merge.partition, -1, merge.snapshot_through, 0, merge.snapshot_complete});
  CommitResult::Snapshot& snapshot = result->snapshots.back();
  int64_t* delivered = &snapshot.offset;
  for (const std::string& record : merge.snapshot) {
    if (!step.ok()) return step;
    step = producer_->Produce(topics_.snapshots, merge.partition, "", record, deadline, delivered);
    delivered = nullptr;
    snapshot.bytes += record.size();
  }
  return step;
}

TransactionStep BatchCommitter::WriteDeadLetter(const DeadLetter& letter, absl::Time deadline) {
  return producer_->ProduceWithHeaders(topics_.dead_letter, 0, letter.key, letter.value,
                                       letter.Headers(options_.plan->source_topic), deadline);
}

void BatchCommitter::Recover(const TransactionStep& step, absl::Time deadline,
                             CommitResult* result) {
  result->error = step.message;
  TransactionStep last = step;
  if (step.outcome == TransactionOutcome::kAbort) {
    last = producer_->Abort(deadline);
    if (last.ok()) return;
    result->error = absl::StrCat(step.message, "; then ", last.message);
  }
  if (last.outcome == TransactionOutcome::kFenced) {
    result->fenced_twice = Now() - last_fenced_ < kFencedAgainWithin;
    last_fenced_ = Now();
  }
  // A new producer takes over the id, which settles the transaction, before offsets are read again.
  if (!result->fenced_twice) ReplaceProducer();
}

bool BatchCommitter::ReplaceProducer() {
  producer_.reset();
  const absl::Status status = MakeProducer(kReplaceDeadline);
  if (!status.ok()) {
    runtime::LogWarning("producer not replaced", {{"transactional_id", options_.transactional_id},
                                                  {"error", std::string(status.message())}});
    return false;
  }
  runtime::LogInfo("producer replaced", {{"transactional_id", options_.transactional_id}});
  return true;
}

absl::Status BatchCommitter::MakeProducer(absl::Duration timeout) {
  absl::StatusOr<std::unique_ptr<record_log::TransactionalProducer>> producer =
      options_.cluster->TakeTransactionalId(options_.client_id, options_.transactional_id,
                                            kTransactionTimeout, timeout);
  if (!producer.ok()) return producer.status();
  producer_ = *std::move(producer);
  return absl::OkStatus();
}

}  // namespace windrow::aggregator
