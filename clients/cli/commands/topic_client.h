#ifndef CLIENTS_CLI_COMMANDS_TOPIC_CLIENT_H_
#define CLIENTS_CLI_COMMANDS_TOPIC_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/cli/session.h"
#include "services/platform/kafka/topic_admin.h"

namespace windrow::cli {

// A topic with the range of offsets of each of its partitions.
struct TopicSize {
  std::string name;
  std::vector<kafka::OffsetRange> partitions;

  // Offsets in all logs together.
  int64_t offsets() const;
};

// Says what to do when Kafka at `address` does not answer; any other status stays as it is.
absl::Status ExplainKafka(const std::string& address, const absl::Status& status);

// Asks Kafka about topics, and says what to do when it does not answer. One thread.
class TopicClient {
 public:
  static absl::StatusOr<TopicClient> Connect(const Session& session);

  absl::StatusOr<std::vector<TopicSize>> Topics();
  absl::StatusOr<TopicSize> Topic(absl::string_view name);
  // Creates the topic unless it exists with this number of partitions.
  absl::Status Create(const std::string& name, int partitions);

 private:
  TopicClient(std::unique_ptr<kafka::TopicAdmin> admin, std::string address)
      : admin_(std::move(admin)), address_(std::move(address)) {}
  absl::StatusOr<TopicSize> Measure(const kafka::TopicDescription& topic);
  absl::Status Explain(const absl::Status& status) const { return ExplainKafka(address_, status); }

  std::unique_ptr<kafka::TopicAdmin> admin_;
  std::string address_;
};

}  // namespace windrow::cli

#endif  // CLIENTS_CLI_COMMANDS_TOPIC_CLIENT_H_
