#include "clients/cli/commands/topic_client.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace windrow::cli {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(10);

}  // namespace

int64_t TopicSize::offsets() const {
  int64_t sum = 0;
  for (const kafka::OffsetRange& range : partitions) sum += range.end - range.begin;
  return sum;
}

absl::StatusOr<TopicClient> TopicClient::Connect(const Session& session) {
  const kafka::KafkaConfig config = session.KafkaClient();
  absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin = kafka::TopicAdmin::Create(config);
  if (!admin.ok()) return admin.status();
  return TopicClient(*std::move(admin), config.bootstrap_servers);
}

absl::Status ExplainKafka(const std::string& address, const absl::Status& status) {
  if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("Kafka at ", address, " does not answer (", status.message(),
                   "): start it (./run starts everything), or name its address with --kafka"));
}

absl::StatusOr<TopicSize> TopicClient::Measure(const kafka::TopicDescription& topic) {
  TopicSize size;
  size.name = topic.name;
  for (int partition = 0; partition < topic.partitions; ++partition) {
    const absl::StatusOr<kafka::OffsetRange> range =
        admin_->QueryOffsets(topic.name, partition, kTimeout);
    if (!range.ok()) return Explain(range.status());
    size.partitions.push_back(*range);
  }
  return size;
}

absl::StatusOr<std::vector<TopicSize>> TopicClient::Topics() {
  const absl::StatusOr<std::vector<kafka::TopicDescription>> topics = admin_->ListTopics(kTimeout);
  if (!topics.ok()) return Explain(topics.status());
  std::vector<TopicSize> sizes;
  for (const kafka::TopicDescription& topic : *topics) {
    absl::StatusOr<TopicSize> size = Measure(topic);
    if (!size.ok()) return size.status();
    sizes.push_back(*std::move(size));
  }
  return sizes;
}

absl::StatusOr<TopicSize> TopicClient::Topic(absl::string_view name) {
  const absl::StatusOr<kafka::TopicDescription> topic = admin_->DescribeTopic(name, kTimeout);
  if (absl::IsNotFound(topic.status())) {
    return absl::NotFoundError(absl::StrCat("there is no topic \"", name, "\" in Kafka at ",
                                            address_,
                                            "; `windrow topics list` names those there are"));
  }
  if (!topic.ok()) return Explain(topic.status());
  return Measure(*topic);
}

absl::Status TopicClient::Create(const std::string& name, int partitions) {
  kafka::TopicSpec topic;
  topic.name = name;
  topic.partitions = partitions;
  return Explain(admin_->EnsureTopics({topic}, kTimeout));
}

}  // namespace windrow::cli
