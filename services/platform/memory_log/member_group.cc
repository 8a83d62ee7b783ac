#include "services/platform/memory_log/member_group.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"

namespace windrow::memory_log {
namespace {

// As GroupConsumer of Kafka has it: max.poll.interval.ms, which is the rebalance timeout, too.
constexpr absl::Duration kMaxPollInterval = absl::Seconds(30);

bool IsSubscribed(const MemberGroup::Member& member, const std::string& topic) {
  return std::find(member.topics.begin(), member.topics.end(), topic) != member.topics.end();
}

}  // namespace

std::string MemberGroup::Join(const std::string& client_id, Member member, absl::Time now) {
  const std::string id = absl::StrFormat("%s-%06d", client_id, next_member_++);
  Rebalance(now);
  member.joined = true;
  member.polled = now;
  members_[id] = std::move(member);
  CompleteIfAllJoined();
  return id;
}

void MemberGroup::Rejoin(const std::string& id) {
  Member& member = members_.at(id);
  member.joined = true;
  member.has_news = false;
  CompleteIfAllJoined();
}

void MemberGroup::Leave(const std::string& id, absl::Time now) {
  if (members_.erase(id) == 0) return;
  Rebalance(now);
  CompleteIfAllJoined();
}

void MemberGroup::Rebalance(absl::Time now) {
  if (rebalancing_) return;
  rebalancing_ = true;
  rebalancing_since_ = now;
  for (auto& entry : members_) entry.second.joined = false;
}

void MemberGroup::RemoveMissed(absl::Time now) {
  std::vector<std::string> missed;
  for (const auto& entry : members_) {
    const Member& member = entry.second;
    const bool hangs = now - member.polled > kMaxPollInterval;
    const bool too_late =
        rebalancing_ && !member.joined && now - rebalancing_since_ > kMaxPollInterval;
    if (now >= member.expires || hangs || too_late) missed.push_back(entry.first);
  }
  for (const std::string& id : missed) Leave(id, now);
}

MemberGroup::Member* MemberGroup::Find(const std::string& id) {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

bool MemberGroup::MayCommit(const MemberMetadata& metadata) const {
  // Kafka takes transactional commits of nobody, also beside members.
  if (metadata.generation < 0 && metadata.member.empty()) return true;
  return members_.count(metadata.member) > 0 && metadata.generation == generation_;
}

void MemberGroup::AddPending(int64_t transaction,
                             const std::vector<record_log::OffsetToCommit>& offsets) {
  for (const record_log::OffsetToCommit& offset : offsets) {
    pending_[transaction][{offset.topic, offset.partition}] = {offset.offset, offset.metadata};
  }
}

void MemberGroup::Settle(int64_t transaction, bool committed) {
  const auto found = pending_.find(transaction);
  if (found == pending_.end()) return;
  if (committed) {
    for (auto& offset : found->second) offsets_[offset.first] = std::move(offset.second);
  }
  pending_.erase(found);
}

bool MemberGroup::HasPending(const record_log::TopicPartition& partition) const {
  return std::any_of(pending_.begin(), pending_.end(),
                     [&](const auto& entry) { return entry.second.count(partition) > 0; });
}

void MemberGroup::CompleteIfAllJoined() {
  if (!rebalancing_) return;
  for (const auto& entry : members_) {
    if (!entry.second.joined) return;
  }
  rebalancing_ = false;
  ++generation_;
  Assign();
}

// Round robin over all partitions of all topics, in their order, and members, in theirs.
void MemberGroup::Assign() {
  if (members_.empty()) return;
  std::set<std::string> topics;
  for (auto& entry : members_) {
    topics.insert(entry.second.topics.begin(), entry.second.topics.end());
    entry.second.assignment.clear();
    entry.second.has_news = true;
  }
  auto member = members_.begin();
  const auto next = [&] {
    if (++member == members_.end()) member = members_.begin();
  };
  for (const std::string& topic : topics) {
    for (int partition = 0; partition < partition_count_(topic); ++partition) {
      while (!IsSubscribed(member->second, topic)) next();
      member->second.assignment.emplace_back(topic, partition);
      next();
    }
  }
}

}  // namespace windrow::memory_log
