#include "services/platform/memory_log/memory_consumer.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "services/platform/memory_log/record_of.h"

namespace windrow::memory_log {

using record_log::CommittedOffset;
using record_log::TopicPartition;

MemoryConsumer::MemoryConsumer(MemoryCluster* cluster, std::string client_id, Options options,
                               record_log::AssignmentListener* listener)
    : cluster_(cluster),
      client_id_(std::move(client_id)),
      options_(std::move(options)),
      listener_(listener) {
  cluster_->consumers_.insert(this);
}

MemoryConsumer::~MemoryConsumer() {
  StopHeartbeats();
  cluster_->consumers_.erase(this);
}

void MemoryConsumer::StopHeartbeats() {
  MemberGroup::Member* self = member();
  if (self != nullptr) {
    self->expires = std::min(self->expires, cluster_->Now() + self->session_timeout);
  }
}

void MemoryConsumer::ResumeHeartbeats() {
  MemberGroup::Member* self = member();
  if (self != nullptr) self->expires = absl::InfiniteFuture();
}

bool MemoryConsumer::Lost() const {
  return !member_.empty() && !cluster_->IsCutOff(client_id_) && member() == nullptr;
}

absl::Status MemoryConsumer::Poll(absl::Duration timeout) {
  const absl::Time deadline = cluster_->Now() + timeout;
  cluster_->disturbance().OnCall(client_id_, Call::kPoll);
  if (options_.session_timeout < cluster_->min_session_timeout()) {
    return absl::OutOfRangeError("the broker does not allow so short a session timeout");
  }
  MemberGroup::Member* self = member();
  if (self != nullptr) self->polled = cluster_->Now();
  cluster_->WaitUntil(deadline, [&] { return !cluster_->IsCutOff(client_id_) && ServeGroup(); });
  return absl::OkStatus();
}

bool MemoryConsumer::ServeGroup() {
  if (closed_) return false;
  if (member() == nullptr) {
    if (assigned_) Revoke(true);
    Join();
    return true;
  }
  if (group().rebalancing()) {
    if (member()->joined) return false;
    if (assigned_) Revoke(false);
    generation_ = -1;
    // The revocation may have taken so long that it was thrown out.
    if (member() != nullptr) group().Rejoin(member_);
    return true;
  }
  if (!member()->has_news) return false;
  member()->has_news = false;
  generation_ = group().generation();
  assigned_ = true;
  listener_->OnAssigned(std::vector<TopicPartition>(member()->assignment));
  return true;
}

void MemoryConsumer::Join() {
  MemberGroup::Member self;
  self.topics = options_.topics;
  self.session_timeout = options_.session_timeout;
  generation_ = -1;
  member_ = group().Join(client_id_, std::move(self), cluster_->Now());
}

void MemoryConsumer::Revoke(bool lost) {
  listener_->OnRevoked(lost);
  assigned_ = false;
  positions_.clear();
}

absl::Status MemoryConsumer::Assign(const std::map<TopicPartition, int64_t>& starts) {
  cluster_->disturbance().OnCall(client_id_, Call::kAssign);
  positions_.clear();
  for (const auto& start : starts) {
    Position& position = positions_[start.first];
    position.start = start.second;
    position.next = start.second;
  }
  return absl::OkStatus();
}

absl::StatusOr<int> MemoryConsumer::Read(const TopicPartition& partition, int max_events,
                                         absl::FunctionRef<void(const Event&)> visit) {
  cluster_->disturbance().OnCall(client_id_, Call::kRead);
  cluster_->Settle();
  const auto found = positions_.find(partition);
  const PartitionLog* log = cluster_->FindLog(partition);
  if (found == positions_.end() || log == nullptr || cluster_->away()) return 0;
  Position& position = found->second;
  const int redelivered = cluster_->disturbance().Redelivered();
  if (redelivered > 0) {
    position.next = std::max(position.start, position.next - redelivered);
    position.end_reported = -1;
  }
  max_events = cluster_->disturbance().Fetched(max_events);
  if (max_events == 0) return 0;
  if (position.next < log->begin() || position.next > log->end()) {
    return absl::DataLossError(absl::StrCat("read ", partition.first, "-", partition.second,
                                            " at offset ", position.next));
  }
  position.log_end = log->end();
  int events = 0;
  for (const int64_t end = log->last_stable_offset(); position.next < end && events < max_events;
       ++position.next) {
    const StoredRecord* stored = log->Committed(position.next);
    if (stored == nullptr) continue;
    const record_log::Record record = RecordOf(*stored, partition.second, position.next);
    Event event;
    event.record = &record;
    event.offset = position.next;
    visit(event);
    ++events;
  }
  if (events < max_events && position.next >= log->last_stable_offset() &&
      position.end_reported != position.next) {
    position.end_reported = position.next;
    Event event;
    event.offset = position.next;
    visit(event);
    ++events;
  }
  return events;
}

absl::StatusOr<std::map<TopicPartition, CommittedOffset>> MemoryConsumer::Committed(
    const std::vector<TopicPartition>& partitions, absl::Duration timeout) {
  const absl::Time deadline = cluster_->Now() + timeout;
  cluster_->disturbance().OnCall(client_id_, Call::kCommitted);
  const absl::Status status = cluster_->WaitForCluster(deadline);
  if (!status.ok()) return status;
  if (cluster_->disturbance().FateOf(client_id_, Call::kCommitted) != Fate::kDone) {
    return absl::DeadlineExceededError("committed offsets");
  }
  const auto settled = [&] {
    return std::none_of(partitions.begin(), partitions.end(), [&](const TopicPartition& partition) {
      return group().HasPending(partition);
    });
  };
  if (!cluster_->WaitUntil(deadline, settled)) {
    return absl::DeadlineExceededError("committed offsets: a transaction is open");
  }
  std::map<TopicPartition, CommittedOffset> committed;
  for (const TopicPartition& partition : partitions) {
    const auto found = group().offsets().find(partition);
    committed[partition] = found == group().offsets().end() ? CommittedOffset() : found->second;
  }
  return committed;
}

absl::StatusOr<std::pair<int64_t, int64_t>> MemoryConsumer::QueryOffsets(
    const TopicPartition& partition, absl::Duration timeout) {
  cluster_->disturbance().OnCall(client_id_, Call::kQueryOffsets);
  const absl::Status status = cluster_->WaitForCluster(cluster_->Now() + timeout);
  if (!status.ok()) return status;
  if (cluster_->disturbance().FateOf(client_id_, Call::kQueryOffsets) != Fate::kDone) {
    return absl::DeadlineExceededError("find the offsets");
  }
  const PartitionLog* log = cluster_->FindLog(partition);
  if (log == nullptr) return absl::NotFoundError(absl::StrCat("no topic ", partition.first));
  return std::make_pair(log->begin(), log->last_stable_offset());
}

int64_t MemoryConsumer::LogEnd(const TopicPartition& partition) const {
  const auto found = positions_.find(partition);
  return found == positions_.end() ? -1 : found->second.log_end;
}

record_log::GroupMetadataHandle MemoryConsumer::CaptureGroupMetadata() const {
  if (generation_ < 0 || closed_ || Lost()) return nullptr;
  auto metadata = std::make_unique<MemberMetadata>();
  metadata->group = options_.group;
  metadata->member = member_;
  metadata->generation = generation_;
  return metadata;
}

int MemoryConsumer::PartitionCount(const std::string& topic, absl::Duration timeout) const {
  if (!cluster_->WaitForCluster(cluster_->Now() + timeout).ok()) return 0;
  return cluster_->PartitionCount(topic);
}

absl::Status MemoryConsumer::Close(absl::Duration timeout) {
  const absl::Time deadline = cluster_->Now() + timeout;
  cluster_->disturbance().OnCall(client_id_, Call::kClose);
  cluster_->Settle();
  if (assigned_) Revoke(Lost());
  const absl::Status status = cluster_->WaitForCluster(deadline);
  if (!status.ok()) {
    return absl::DeadlineExceededError("nobody confirmed that the member left");
  }
  if (!cluster_->IsCutOff(client_id_)) group().Leave(member_, cluster_->Now());
  closed_ = true;
  return absl::OkStatus();
}

}  // namespace windrow::memory_log
