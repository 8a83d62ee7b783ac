#ifndef SERVICES_PLATFORM_MEMORY_LOG_MEMBER_GROUP_H_
#define SERVICES_PLATFORM_MEMORY_LOG_MEMBER_GROUP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/record_log/offsets.h"

namespace windrow::memory_log {

// Who a consumer was when its metadata was captured.
struct MemberMetadata : record_log::GroupMetadata {
  std::string group;
  // Empty, and the generation negative, for nobody: that is not fenced.
  std::string member;
  int64_t generation = -1;
};

// A consumer group as its coordinator sees it: members, generations, committed offsets. Rebalances
// are eager: every member gives up all it has and joins again; when all have, or those who have not
// are missed, the next generation begins. A value of one thread.
class MemberGroup {
 public:
  struct Member {
    std::vector<std::string> topics;
    absl::Duration session_timeout;
    // When it is missed; InfiniteFuture while it is heard of.
    absl::Time expires = absl::InfiniteFuture();
    absl::Time polled;
    // Whether it has joined the next generation.
    bool joined = false;
    // What the present generation gives it, and whether it has not fetched that yet.
    std::vector<record_log::TopicPartition> assignment;
    bool has_news = false;
  };
  using PartitionCount = std::function<int(const std::string& topic)>;

  explicit MemberGroup(PartitionCount partition_count)
      : partition_count_(std::move(partition_count)) {}

  // Adds a member, which has joined. Returns its id.
  std::string Join(const std::string& client_id, Member member, absl::Time now);
  // An old member joins the next generation.
  void Rejoin(const std::string& id);
  void Leave(const std::string& id, absl::Time now);
  // Begins a rebalance, unless one is going on.
  void Rebalance(absl::Time now);
  // Removes the members that are missed by now.
  void RemoveMissed(absl::Time now);

  // Null when it is none.
  Member* Find(const std::string& id);
  bool rebalancing() const { return rebalancing_; }
  int64_t generation() const { return generation_; }

  // Whether the holder of this metadata may commit.
  bool MayCommit(const MemberMetadata& metadata) const;

  using Offsets = std::map<record_log::TopicPartition, record_log::CommittedOffset>;
  void AddPending(int64_t transaction, const std::vector<record_log::OffsetToCommit>& offsets);
  // A transaction has ended.
  void Settle(int64_t transaction, bool committed);
  bool HasPending(const record_log::TopicPartition& partition) const;
  const Offsets& offsets() const { return offsets_; }

 private:
  void CompleteIfAllJoined();
  void Assign();

  const PartitionCount partition_count_;
  // By id, which begins with the client's id.
  std::map<std::string, Member> members_;
  int64_t next_member_ = 1;
  int64_t generation_ = 0;
  bool rebalancing_ = false;
  absl::Time rebalancing_since_;
  Offsets offsets_;
  // Of transactions that are not decided here yet.
  std::map<int64_t, Offsets> pending_;
};

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_MEMBER_GROUP_H_
