#ifndef SERVICES_PLATFORM_MEMORY_LOG_TRANSACTIONS_H_
#define SERVICES_PLATFORM_MEMORY_LOG_TRANSACTIONS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/platform/record_log/offsets.h"

namespace windrow::memory_log {

// Transactions by transactional id as their coordinator sees them. A transaction's end is decided
// at once, but each partition and group learns of it by a mark of its own, which may come later;
// the id's next transaction begins when all have. A value of one thread.
class Transactions {
 public:
  // Tells one partition, or one group, how a transaction ended.
  struct Marks {
    std::function<void(const record_log::TopicPartition&, int64_t transaction, bool committed)>
        to_partition;
    std::function<void(const std::string& group, int64_t transaction, bool committed)> to_group;
    // How long a mark takes.
    std::function<absl::Duration()> delay;
  };

  explicit Transactions(Marks marks) : marks_(std::move(marks)) {}

  // Begins to take over an id: whoever holds it is fenced and its transaction aborted.
  void Fence(const std::string& id, absl::Time now);
  // Whether nothing of an id is open or on its way.
  bool IsSettled(const std::string& id);
  // The epoch of the id's new holder; once settled.
  int64_t TakeOver(const std::string& id, absl::Duration timeout);

  bool IsFenced(const std::string& id, int64_t epoch) { return ids_[id].epoch != epoch; }

  // Number of the holder's open transaction, begun if there is none; to which a partition or group
  // is added. Only while not fenced and settled or open.
  int64_t AddPartition(const std::string& id, const record_log::TopicPartition& partition,
                       absl::Time now);
  int64_t AddGroup(const std::string& id, const std::string& group, absl::Time now);

  // Decides the open transaction; nothing when there is none.
  void End(const std::string& id, bool commit, absl::Time now);
  // A request to end whatever is open at `due` if the epoch is still this one by then.
  void EndLater(const std::string& id, int64_t epoch, bool commit, absl::Time due);

  // Delivers the marks that are due, and aborts what was open for too long.
  void Advance(absl::Time now);

 private:
  struct Mark {
    absl::Time due;
    record_log::TopicPartition partition;
    // Instead of a partition, unless empty.
    std::string group;
  };
  struct Id {
    int64_t epoch = 0;
    absl::Duration timeout;
    bool open = false;
    int64_t transaction = 0;
    absl::Time expires;
    std::set<record_log::TopicPartition> partitions;
    std::set<std::string> groups;
    // Of the transaction that was decided last.
    std::vector<Mark> marks;
    bool committed = false;
  };
  struct DelayedEnd {
    absl::Time due;
    std::string id;
    int64_t epoch = 0;
    bool commit = false;
  };

  Id* Open(const std::string& id, absl::Time now);
  void DeliverMarks(Id* id, absl::Time now);

  const Marks marks_;
  std::map<std::string, Id> ids_;
  std::vector<DelayedEnd> delayed_;
  int64_t next_transaction_ = 1;
};

}  // namespace windrow::memory_log

#endif  // SERVICES_PLATFORM_MEMORY_LOG_TRANSACTIONS_H_
