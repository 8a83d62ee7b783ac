#ifndef SERVICES_PLATFORM_KAFKA_GROUP_ADMIN_H_
#define SERVICES_PLATFORM_KAFKA_GROUP_ADMIN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {

// A consumer group in a list.
struct GroupListing {
  std::string name;
  // In Kafka's words: "Stable", "Empty", ...
  std::string state;
};

// Where a group is in a partition that it reads or has committed something for.
struct GroupPartition {
  std::string topic;
  int partition = 0;
  // Absent when nothing was ever committed.
  absl::optional<int64_t> committed;
  // The offset after the last one that can be read by who reads committed records only.
  int64_t end = 0;
  // Index of the member that reads it; absent when nobody does.
  absl::optional<size_t> member;

  // Offsets between the two, of the whole log when nothing was committed; of these, some may be
  // marks of transactions, which nobody reads.
  int64_t lag = 0;
};

struct GroupMember {
  std::string id;
  std::string client_id;
  std::string host;
  // Partitions assigned to it.
  int partitions = 0;
};

struct GroupDescription {
  std::string name;
  std::string state;
  std::string assignor;
  std::vector<GroupMember> members;
  // By topic and partition.
  std::vector<GroupPartition> partitions;
};

// Asks about consumer groups, without being a member of any. One thread. Every call has a deadline
// and returns UNAVAILABLE or DEADLINE_EXCEEDED when the cluster does not answer in time.
class GroupAdmin {
 public:
  static absl::StatusOr<std::unique_ptr<GroupAdmin>> Create(const KafkaConfig& config);
  ~GroupAdmin();
  GroupAdmin(const GroupAdmin&) = delete;
  GroupAdmin& operator=(const GroupAdmin&) = delete;

  // All groups, by name.
  absl::StatusOr<std::vector<GroupListing>> List(absl::Duration timeout);

  // NOT_FOUND when there is no such group: neither members nor offsets.
  absl::StatusOr<GroupDescription> Describe(const std::string& group, absl::Duration timeout);

 private:
  explicit GroupAdmin(rd_kafka_t* client) : client_(client) {}

  // Fills all but the offsets.
  absl::Status DescribeMembers(absl::Time deadline, GroupDescription* group);
  absl::Status AddCommitted(absl::Time deadline, GroupDescription* group);
  absl::Status AddEnds(absl::Time deadline, GroupDescription* group);

  rd_kafka_t* const client_;
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_GROUP_ADMIN_H_
