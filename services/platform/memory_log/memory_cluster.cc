#include "services/platform/memory_log/memory_cluster.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/platform/memory_log/memory_consumer.h"
#include "services/platform/memory_log/memory_producer.h"
#include "services/platform/memory_log/memory_reader.h"

namespace windrow::memory_log {

using record_log::StartPosition;
using record_log::TopicPartition;

MemoryCluster::MemoryCluster(const VirtualClock* clock, Disturbance* disturbance)
    : clock_(clock),
      disturbance_(disturbance),
      transactions_({
          [this](const TopicPartition& partition, int64_t transaction, bool committed) {
            FindLog(partition)->End(transaction, committed);
          },
          [this](const std::string& group, int64_t transaction, bool committed) {
            Group(group).Settle(transaction, committed);
          },
          [this] { return disturbance_->MarkerDelay(); },
      }) {}

absl::StatusOr<std::unique_ptr<record_log::GroupConsumer>> MemoryCluster::JoinGroup(
    const std::string& client_id, const record_log::GroupConsumer::Options& options,
    record_log::AssignmentListener* listener) {
  disturbance_->OnCall(client_id, Call::kJoin);
  return std::make_unique<MemoryConsumer>(this, client_id, options, listener);
}

absl::StatusOr<std::unique_ptr<record_log::TransactionalProducer>>
MemoryCluster::TakeTransactionalId(const std::string& client_id, const std::string& id,
                                   absl::Duration transaction_timeout, absl::Duration timeout) {
  const absl::Time deadline = Now() + timeout;
  disturbance_->OnCall(client_id, Call::kTakeId);
  absl::Status status = WaitForCluster(deadline);
  if (!status.ok()) return status;
  if (disturbance_->FateOf(client_id, Call::kTakeId) != Fate::kDone) {
    return absl::UnavailableError(absl::StrCat("take over transactional id ", id));
  }
  Settle();
  transactions_.Fence(id, Now());
  if (!WaitUntil(deadline, [&] { return transactions_.IsSettled(id); })) {
    return absl::DeadlineExceededError(absl::StrCat("take over transactional id ", id));
  }
  const int64_t epoch = transactions_.TakeOver(id, transaction_timeout);
  disturbance_->OnReturn(client_id, Call::kTakeId);
  return std::make_unique<MemoryProducer>(this, client_id, id, epoch);
}

absl::StatusOr<std::unique_ptr<record_log::PartitionReader>> MemoryCluster::ReadPartitions(
    const std::vector<StartPosition>& starts) {
  disturbance_->OnCall("", Call::kOpenReader);
  absl::Status status = WaitForCluster(Now() + absl::Seconds(10));
  if (!status.ok()) return status;
  std::vector<int64_t> positions;
  for (const StartPosition& start : starts) {
    const PartitionLog* log = FindLog({start.topic, start.partition});
    if (log == nullptr) {
      return absl::NotFoundError(absl::StrCat(start.topic, "-", start.partition));
    }
    positions.push_back(start.offset == StartPosition::kBeginning ? log->begin()
                        : start.offset == StartPosition::kEnd     ? log->last_stable_offset()
                                                                  : start.offset);
  }
  return std::make_unique<MemoryReader>(this, starts, std::move(positions));
}

void MemoryCluster::CreateTopic(const std::string& topic, int partitions) {
  std::vector<PartitionLog>& logs = topics_[topic];
  if (static_cast<size_t>(partitions) <= logs.size()) return;
  logs.resize(static_cast<size_t>(partitions));
  // Clients find out by themselves.
  for (auto& group : groups_) group.second.Rebalance(Now());
}

int64_t MemoryCluster::Append(const TopicPartition& partition, StoredRecord record) {
  Settle();
  return FindLog(partition)->Append(std::move(record), PartitionLog::kNoTransaction);
}

void MemoryCluster::DeleteRecordsBefore(const TopicPartition& partition, int64_t offset) {
  Settle();
  FindLog(partition)->DeleteBefore(offset);
}

void MemoryCluster::SetAway(bool away) {
  Settle();
  away_ = away;
}

void MemoryCluster::CutOff(const std::string& client_id) {
  Settle();
  if (!cut_off_.insert(client_id).second) return;
  for (MemoryConsumer* consumer : consumers_) {
    if (consumer->client_id() == client_id) consumer->StopHeartbeats();
  }
}

void MemoryCluster::Reconnect(const std::string& client_id) {
  Settle();
  cut_off_.erase(client_id);
  for (MemoryConsumer* consumer : consumers_) {
    if (consumer->client_id() == client_id) consumer->ResumeHeartbeats();
  }
}

void MemoryCluster::StealTransactionalId(const std::string& id) {
  Settle();
  transactions_.Fence(id, Now());
}

int MemoryCluster::PartitionCount(const std::string& topic) const {
  const auto found = topics_.find(topic);
  return found == topics_.end() ? 0 : static_cast<int>(found->second.size());
}

const PartitionLog& MemoryCluster::Log(const TopicPartition& partition) {
  Settle();
  return *FindLog(partition);
}

int64_t MemoryCluster::VisitCommitted(
    const TopicPartition& partition, int64_t begin,
    absl::FunctionRef<void(int64_t offset, const StoredRecord& record)> visit) {
  const PartitionLog& log = Log(partition);
  const int64_t end = log.last_stable_offset();
  for (int64_t offset = std::max(begin, log.begin()); offset < end; ++offset) {
    const StoredRecord* record = log.Committed(offset);
    if (record != nullptr) visit(offset, *record);
  }
  return end;
}

const MemberGroup::Offsets& MemoryCluster::CommittedOffsets(const std::string& group) {
  Settle();
  return Group(group).offsets();
}

void MemoryCluster::Settle() {
  if (away_) return;
  transactions_.Advance(Now());
  for (auto& group : groups_) group.second.RemoveMissed(Now());
}

bool MemoryCluster::WaitUntil(absl::Time deadline, absl::FunctionRef<bool()> done) {
  for (;;) {
    Settle();
    if (!away_ && done()) return true;
    if (Now() >= deadline) return false;
    clock_->Wait(deadline);
  }
}

absl::Status MemoryCluster::WaitForCluster(absl::Time deadline) {
  if (WaitUntil(deadline, [] { return true; })) return absl::OkStatus();
  return absl::UnavailableError("the cluster does not answer");
}

MemberGroup& MemoryCluster::Group(const std::string& name) {
  return groups_
      .try_emplace(name, [this](const std::string& topic) { return PartitionCount(topic); })
      .first->second;
}

PartitionLog* MemoryCluster::FindLog(const TopicPartition& partition) {
  const auto found = topics_.find(partition.first);
  if (found == topics_.end() || partition.second < 0 ||
      static_cast<size_t>(partition.second) >= found->second.size()) {
    return nullptr;
  }
  return &found->second[static_cast<size_t>(partition.second)];
}

}  // namespace windrow::memory_log
