#include "services/platform/memory_log/transactions.h"

#include <utility>

namespace windrow::memory_log {

void Transactions::Fence(const std::string& name, absl::Time now) {
  ++ids_[name].epoch;
  End(name, false, now);
}

bool Transactions::IsSettled(const std::string& name) {
  const Id& id = ids_[name];
  return !id.open && id.marks.empty();
}

int64_t Transactions::TakeOver(const std::string& name, absl::Duration timeout) {
  Id& id = ids_[name];
  id.timeout = timeout;
  return ++id.epoch;
}

Transactions::Id* Transactions::Open(const std::string& name, absl::Time now) {
  Id& id = ids_[name];
  if (!id.open) {
    id.open = true;
    id.transaction = next_transaction_++;
    id.expires = now + id.timeout;
  }
  return &id;
}

int64_t Transactions::AddPartition(const std::string& name,
                                   const record_log::TopicPartition& partition, absl::Time now) {
  Id* id = Open(name, now);
  id->partitions.insert(partition);
  return id->transaction;
}

int64_t Transactions::AddGroup(const std::string& name, const std::string& group, absl::Time now) {
  Id* id = Open(name, now);
  id->groups.insert(group);
  return id->transaction;
}

void Transactions::End(const std::string& name, bool commit, absl::Time now) {
  Id& id = ids_[name];
  if (!id.open) return;
  id.open = false;
  id.committed = commit;
  for (const auto& partition : id.partitions) {
    id.marks.push_back({now + marks_.delay(), partition, ""});
  }
  for (const std::string& group : id.groups) id.marks.push_back({now + marks_.delay(), {}, group});
  id.partitions.clear();
  id.groups.clear();
  DeliverMarks(&id, now);
}

void Transactions::EndLater(const std::string& name, int64_t epoch, bool commit, absl::Time due) {
  delayed_.push_back({due, name, epoch, commit});
}

void Transactions::DeliverMarks(Id* id, absl::Time now) {
  std::vector<Mark> later;
  for (const Mark& mark : id->marks) {
    if (mark.due > now) {
      later.push_back(mark);
    } else if (mark.group.empty()) {
      marks_.to_partition(mark.partition, id->transaction, id->committed);
    } else {
      marks_.to_group(mark.group, id->transaction, id->committed);
    }
  }
  id->marks = std::move(later);
}

void Transactions::Advance(absl::Time now) {
  for (size_t i = 0; i < delayed_.size();) {
    if (delayed_[i].due > now) {
      ++i;
      continue;
    }
    const DelayedEnd end = delayed_[i];
    delayed_.erase(delayed_.begin() + static_cast<std::ptrdiff_t>(i));
    if (!IsFenced(end.id, end.epoch)) End(end.id, end.commit, now);
  }
  for (auto& entry : ids_) {
    if (entry.second.open && now >= entry.second.expires) Fence(entry.first, now);
    DeliverMarks(&entry.second, now);
  }
}

}  // namespace windrow::memory_log
