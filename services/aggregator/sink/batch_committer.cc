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
  result.had_frames = !batch->frames.empty();
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
  if (step.ok()) step = producer_->Commit(deadline);
  if (step.ok()) {
    result.committed = true;
  } else {
    Recover(step, &result);
  }
  return result;
}

TransactionStep BatchCommitter::Write(const SealedBatch& batch, absl::Time deadline,
                                      CommitResult* result) {
  TransactionStep step;
  for (size_t m = 0; m < batch.frames.size(); ++m) {
    for (const std::string& record : EncodeFrame(*options_.plan, batch.frames[m])) {
      step =
          producer_->Produce(topics_.partials, static_cast<int>(m), "", record, deadline, nullptr);
      if (!step.ok()) return step;
    }
  }
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

TransactionStep BatchCommitter::WriteMerge(const MergeOutput& merge, absl::Time deadline,
                                           CommitResult* result) {
  TransactionStep step;
  result_encoder_.Encode(merge.partition, merge.changes, absl::ToUnixMillis(Now()),
                         [&](const std::string& key, absl::optional<absl::string_view> value) {
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

void BatchCommitter::Recover(const TransactionStep& step, CommitResult* result) {
  result->error = step.message;
  if (step.outcome == TransactionOutcome::kAbort) {
    const TransactionStep aborted = producer_->Abort(Now() + kCommitDeadline);
    if (aborted.ok()) return;
    result->error = absl::StrCat(step.message, "; then ", aborted.message);
  }
  if (step.outcome == TransactionOutcome::kFenced) {
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
