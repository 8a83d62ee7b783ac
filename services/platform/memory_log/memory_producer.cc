#include "services/platform/memory_log/memory_producer.h"

#include "absl/strings/str_cat.h"

namespace windrow::memory_log {
namespace {

using record_log::TransactionOutcome;
using record_log::TransactionStep;

// As Kafka's defaults have it.
constexpr size_t kMaxRecordBytes = 1'000'000;
constexpr size_t kMaxMetadataBytes = 4'096;
constexpr char kNotDelivered[] = "commit transaction: a record was not delivered";

}  // namespace

MemoryProducer::MemoryProducer(MemoryCluster* cluster, std::string client_id, std::string id,
                               int64_t epoch)
    : cluster_(cluster), client_id_(std::move(client_id)), id_(std::move(id)), epoch_(epoch) {}

TransactionStep MemoryProducer::Fail(TransactionOutcome outcome, std::string message) {
  failed_ = {outcome, std::move(message)};
  return failed_;
}

TransactionStep MemoryProducer::Reach(absl::Time deadline, const char* step) {
  if (!failed_.ok()) return failed_;
  const bool reached = cluster_->WaitUntil(deadline, [&] {
    // The transaction before may not be known to all as ended.
    return IsFenced() || in_transaction_ || cluster_->transactions().IsSettled(id_);
  });
  if (!reached) return GiveUp(deadline, step);
  if (IsFenced()) return Fail(TransactionOutcome::kFenced, absl::StrCat(step, ": fenced"));
  return {};
}

TransactionStep MemoryProducer::GiveUp(absl::Time deadline, const char* step) {
  tainted_ = true;
  cluster_->WaitUntil(deadline, [] { return false; });
  return Fail(TransactionOutcome::kReplace, absl::StrCat(step, ": timed out"));
}

TransactionStep MemoryProducer::Begin() {
  cluster_->disturbance().OnCall(client_id_, Call::kBegin);
  if (!failed_.ok()) return failed_;
  delivered_.clear();
  return {};
}

TransactionStep MemoryProducer::SendOffsets(const std::vector<record_log::OffsetToCommit>& offsets,
                                            const record_log::GroupMetadata& group,
                                            absl::Time deadline) {
  constexpr char kStep[] = "send offsets";
  cluster_->disturbance().OnCall(client_id_, Call::kSendOffsets);
  const TransactionStep step = Reach(deadline, kStep);
  if (!step.ok()) return step;
  const Fate fate = cluster_->disturbance().FateOf(client_id_, Call::kSendOffsets);
  if (fate == Fate::kLost) return GiveUp(deadline, kStep);
  if (fate == Fate::kRefused) return Fail(TransactionOutcome::kAbort, "send offsets: refused");
  if (offsets.empty()) return {};
  const auto& metadata = static_cast<const MemberMetadata&>(group);
  for (const record_log::OffsetToCommit& offset : offsets) {
    if (offset.metadata.size() > kMaxMetadataBytes) {
      return Fail(TransactionOutcome::kAbort, "send offsets: metadata too large");
    }
  }
  in_transaction_ = true;
  const int64_t transaction =
      cluster_->transactions().AddGroup(id_, metadata.group, cluster_->Now());
  MemberGroup& members = cluster_->Group(metadata.group);
  if (!members.MayCommit(metadata)) {
    return Fail(TransactionOutcome::kAbort, "send offsets: illegal generation");
  }
  members.AddPending(transaction, offsets);
  cluster_->disturbance().OnReturn(client_id_, Call::kSendOffsets);
  return fate == Fate::kUnanswered ? GiveUp(deadline, kStep) : TransactionStep();
}

TransactionStep MemoryProducer::Produce(absl::string_view topic, int partition,
                                        absl::string_view key, absl::string_view value,
                                        absl::Time deadline, int64_t* delivered_offset) {
  StoredRecord record;
  record.has_key = true;
  record.has_value = value.data() != nullptr;
  record.key = std::string(key);
  record.value = std::string(value);
  return Append(topic, partition, std::move(record), deadline, delivered_offset);
}

TransactionStep MemoryProducer::ProduceWithHeaders(
    absl::string_view topic, int partition, absl::string_view key, absl::string_view value,
    const std::vector<std::pair<std::string, std::string>>& headers, absl::Time deadline) {
  StoredRecord record;
  record.has_key = true;
  record.has_value = value.data() != nullptr;
  record.key = std::string(key);
  record.value = std::string(value);
  record.headers = headers;
  return Append(topic, partition, std::move(record), deadline, nullptr);
}

TransactionStep MemoryProducer::Append(absl::string_view topic, int partition, StoredRecord record,
                                       absl::Time deadline, int64_t* delivered_offset) {
  cluster_->disturbance().OnCall(client_id_, Call::kProduce);
  const TransactionStep step = Reach(deadline, "produce");
  if (!step.ok()) return step;
  if (cluster_->disturbance().FateOf(client_id_, Call::kProduce) != Fate::kDone) {
    return Fail(TransactionOutcome::kAbort, absl::StrCat("produce to ", topic, ": refused"));
  }
  const record_log::TopicPartition name(topic, partition);
  PartitionLog* log = cluster_->FindLog(name);
  if (log == nullptr || record.key.size() + record.value.size() > kMaxRecordBytes) {
    return Fail(TransactionOutcome::kAbort,
                absl::StrCat("produce to ", topic, "-", partition, ": refused"));
  }
  in_transaction_ = true;
  record.timestamp_ms = absl::ToUnixMillis(cluster_->Now());
  const int64_t offset = log->Append(
      std::move(record), cluster_->transactions().AddPartition(id_, name, cluster_->Now()));
  if (delivered_offset != nullptr) delivered_.emplace_back(delivered_offset, offset);
  cluster_->disturbance().OnReturn(client_id_, Call::kProduce);
  return {};
}

TransactionStep MemoryProducer::Flush(absl::Time deadline) {
  constexpr char kStep[] = "flush";
  cluster_->disturbance().OnCall(client_id_, Call::kFlush);
  const TransactionStep step = Reach(deadline, kStep);
  if (!step.ok()) return step;
  const Fate fate = cluster_->disturbance().FateOf(client_id_, Call::kFlush);
  if (fate == Fate::kLost || fate == Fate::kUnanswered) return GiveUp(deadline, kStep);
  if (fate == Fate::kRefused && !delivered_.empty()) {
    // One of the records, as the commit will say.
    delivered_.pop_back();
    Fail(TransactionOutcome::kAbort, kNotDelivered);
  }
  TellOffsets();
  cluster_->disturbance().OnReturn(client_id_, Call::kFlush);
  return {};
}

void MemoryProducer::TellOffsets() {
  for (const auto& delivered : delivered_) *delivered.first = delivered.second;
  delivered_.clear();
}

TransactionStep MemoryProducer::Commit(absl::Time deadline) {
  constexpr char kStep[] = "commit transaction";
  cluster_->disturbance().OnCall(client_id_, Call::kCommit);
  const TransactionStep step = Reach(deadline, kStep);
  if (!step.ok()) return step;
  const Fate fate = cluster_->disturbance().FateOf(client_id_, Call::kCommit);
  if (fate == Fate::kLost) return GiveUp(deadline, kStep);
  if (fate == Fate::kRefused) {
    return Fail(TransactionOutcome::kAbort, kNotDelivered);
  }
  cluster_->transactions().End(id_, true, cluster_->Now());
  in_transaction_ = false;
  cluster_->disturbance().OnReturn(client_id_, Call::kCommit);
  if (fate == Fate::kUnanswered) return GiveUp(deadline, kStep);
  if (fate == Fate::kRepeated) {
    tainted_ = true;
    cluster_->transactions().EndLater(id_, epoch_, true,
                                      cluster_->Now() + cluster_->disturbance().RepeatDelay());
  }
  TellOffsets();
  return {};
}

TransactionStep MemoryProducer::Abort(absl::Time deadline) {
  constexpr char kStep[] = "abort transaction";
  cluster_->disturbance().OnCall(client_id_, Call::kAbort);
  if (failed_.outcome == TransactionOutcome::kAbort) failed_ = {};
  const TransactionStep step = Reach(deadline, kStep);
  if (!step.ok()) return step;
  if (cluster_->disturbance().FateOf(client_id_, Call::kAbort) != Fate::kDone) {
    return GiveUp(deadline, kStep);
  }
  cluster_->transactions().End(id_, false, cluster_->Now());
  in_transaction_ = false;
  cluster_->disturbance().OnReturn(client_id_, Call::kAbort);
  return {};
}

}  // namespace windrow::memory_log
