#ifndef SERVICES_PLATFORM_KAFKA_TOPIC_ADMIN_H_
#define SERVICES_PLATFORM_KAFKA_TOPIC_ADMIN_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {

// A topic that a service needs.
struct TopicSpec {
  std::string name;
  int partitions = 1;
  // Topic settings by Kafka's names, such as {"cleanup.policy", "compact"}.
  std::map<std::string, std::string> settings;
};

// What the cluster says of a topic.
struct TopicDescription {
  std::string name;
  int partitions = 0;
};

// Half-open range of offsets in a partition's log.
struct OffsetRange {
  int64_t begin = 0;
  int64_t end = 0;
};

// Asks and changes topics. Thread-safe. Every call has a deadline and returns UNAVAILABLE or
// DEADLINE_EXCEEDED when the cluster does not answer in time.
class TopicAdmin {
 public:
  static absl::StatusOr<std::unique_ptr<TopicAdmin>> Create(const KafkaConfig& config);
  ~TopicAdmin();
  TopicAdmin(const TopicAdmin&) = delete;
  TopicAdmin& operator=(const TopicAdmin&) = delete;

  // Creates the topics that do not exist (replication: the broker's default) and waits until they
  // can be used. FAILED_PRECONDITION when one exists with another number of partitions.
  absl::Status EnsureTopics(const std::vector<TopicSpec>& topics, absl::Duration timeout);

  // Lists topics by name; internal ones (starting with "__") are left out.
  absl::StatusOr<std::vector<TopicDescription>> ListTopics(absl::Duration timeout);

  // NOT_FOUND when the topic does not exist.
  absl::StatusOr<TopicDescription> DescribeTopic(absl::string_view topic, absl::Duration timeout);

  // First offset and high watermark (not the last stable offset) of a partition.
  absl::StatusOr<OffsetRange> QueryOffsets(absl::string_view topic, int partition,
                                           absl::Duration timeout);

  // The first offset whose record has this timestamp or a later one; the end of the log when there
  // is none.
  absl::StatusOr<int64_t> FindOffset(absl::string_view topic, int partition, absl::Time time,
                                     absl::Duration timeout);

  // Deletes the topics; those that do not exist are no error.
  absl::Status DeleteTopics(const std::vector<std::string>& topics, absl::Duration timeout);
  // Deletes what consumer groups have stored, and them; those that do not exist are no error.
  // FAILED_PRECONDITION while one has members.
  absl::Status DeleteGroups(const std::vector<std::string>& groups, absl::Duration timeout);

  // Deletes all records below `offset`.
  absl::Status DeleteRecordsBefore(absl::string_view topic, int partition, int64_t offset,
                                   absl::Duration timeout);

 private:
  explicit TopicAdmin(rd_kafka_t* client) : client_(client) {}

  absl::Status CreateMissing(const std::vector<TopicSpec>& missing, absl::Time deadline);
  // Fills `missing`; OK when all that exist are as specified and have leaders, UNAVAILABLE while
  // something is not there yet.
  absl::Status CheckTopics(const std::vector<TopicSpec>& topics, absl::Time deadline,
                           std::vector<TopicSpec>& missing);

  rd_kafka_t* const client_;
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_TOPIC_ADMIN_H_
