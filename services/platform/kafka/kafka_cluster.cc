#include "services/platform/kafka/kafka_cluster.h"

#include "absl/functional/function_ref.h"
#include "services/platform/kafka/group_consumer.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/transactional_producer.h"

namespace windrow::kafka {
namespace {

// Hands records on without what only Kafka's client has.
class PlainPartitionReader : public record_log::PartitionReader {
 public:
  explicit PlainPartitionReader(std::unique_ptr<kafka::PartitionReader> reader)
      : reader_(std::move(reader)) {}

  absl::StatusOr<int> Read(int max_records, absl::Duration timeout,
                           absl::FunctionRef<void(const record_log::Record&)> visit) override {
    return reader_->Read(max_records, timeout, [&](const RecordView& record) { visit(record); });
  }

  bool at_end() const override { return reader_->at_end(); }

 private:
  const std::unique_ptr<kafka::PartitionReader> reader_;
};

}  // namespace

KafkaConfig KafkaCluster::ConfigOf(const std::string& client_id) const {
  KafkaConfig config = config_;
  config.client_id = client_id;
  return config;
}

absl::StatusOr<std::unique_ptr<record_log::GroupConsumer>> KafkaCluster::JoinGroup(
    const std::string& client_id, const record_log::GroupConsumer::Options& options,
    record_log::AssignmentListener* listener) {
  return GroupConsumer::Create(ConfigOf(client_id), options, listener);
}

absl::StatusOr<std::unique_ptr<record_log::TransactionalProducer>>
KafkaCluster::TakeTransactionalId(const std::string& client_id, const std::string& transactional_id,
                                  absl::Duration transaction_timeout, absl::Duration timeout) {
  return TransactionalProducer::Create(ConfigOf(client_id), transactional_id, transaction_timeout,
                                       timeout);
}

absl::StatusOr<std::unique_ptr<record_log::PartitionReader>> KafkaCluster::ReadPartitions(
    const std::vector<record_log::StartPosition>& starts) {
  absl::StatusOr<std::unique_ptr<PartitionReader>> reader =
      PartitionReader::Create(config_, starts);
  if (!reader.ok()) return reader.status();
  return std::make_unique<PlainPartitionReader>(*std::move(reader));
}

}  // namespace windrow::kafka
