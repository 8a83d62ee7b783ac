#ifndef SERVICES_PLATFORM_KAFKA_TRANSACTIONAL_PRODUCER_H_
#define SERVICES_PLATFORM_KAFKA_TRANSACTIONAL_PRODUCER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/platform/kafka/committed_offsets.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/record_log/group_consumer.h"
#include "services/platform/record_log/transactional_producer.h"

namespace windrow::kafka {

using record_log::TransactionOutcome;
using record_log::TransactionStep;

// Retries its steps inside until a deadline; what cannot be retried is collapsed into a
// TransactionOutcome here and nowhere else. Records wait in a small buffer until they are given to
// librdkafka, many of one partition at once: that takes far less time than one at a time. So an
// error may come with a later step, at the latest with Flush or Commit.
class TransactionalProducer : public record_log::TransactionalProducer {
 public:
  // Takes over the transactional id: any transaction that its former owner left is finished, and
  // that owner is fenced. UNAVAILABLE / DEADLINE_EXCEEDED when that cannot be done in `timeout`.
  static absl::StatusOr<std::unique_ptr<TransactionalProducer>> Create(
      const KafkaConfig& config, const std::string& transactional_id,
      absl::Duration transaction_timeout, absl::Duration timeout);
  ~TransactionalProducer() override;
  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  TransactionStep Begin() override;
  TransactionStep SendOffsets(const std::vector<OffsetToCommit>& offsets,
                              const record_log::GroupMetadata& group, absl::Time deadline) override;
  TransactionStep Produce(absl::string_view topic, int partition, absl::string_view key,
                          absl::string_view value, absl::Time deadline,
                          int64_t* delivered_offset) override;
  // Same, without asking where the record went.
  TransactionStep Produce(absl::string_view topic, int partition, absl::string_view key,
                          absl::string_view value, absl::Time deadline) {
    return Produce(topic, partition, key, value, deadline, nullptr);
  }
  TransactionStep ProduceWithHeaders(
      absl::string_view topic, int partition, absl::string_view key, absl::string_view value,
      const std::vector<std::pair<std::string, std::string>>& headers,
      absl::Time deadline) override;
  TransactionStep Flush(absl::Time deadline) override;
  TransactionStep Commit(absl::Time deadline) override;
  TransactionStep Abort(absl::Time deadline) override;

  // Whether a transactional request has timed out or lost its connection. librdkafka retries such
  // requests out of sight, and the delayed first copy of an EndTxn could end the next transaction
  // (KAFKA-17754): a tainted producer is replaced before the next Begin, since the new epoch fences
  // what is still under way.
  bool tainted() const override { return tainted_.load(); }

 private:
  TransactionalProducer();
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  static rd_kafka_resp_err_t OnNewClient(rd_kafka_t* client, const rd_kafka_conf_t* conf,
                                         void* opaque, char* error, size_t error_size);
  static rd_kafka_resp_err_t OnResponse(rd_kafka_t* client, int socket, const char* broker_name,
                                        int32_t broker_id, int16_t api_key, int16_t api_version,
                                        int32_t correlation_id, size_t size, int64_t rtt,
                                        rd_kafka_resp_err_t code, void* opaque);
  rd_kafka_topic_t* Topic(absl::string_view name);
  // Puts the bytes behind those of the records that wait.
  void* Keep(absl::string_view bytes);
  // Gives the records that wait to librdkafka.
  TransactionStep HandOver(absl::Time deadline);
  // Frees what has been delivered.
  void TakeDeliveries() { rd_kafka_poll(client_, 0); }
  TransactionStep Classify(rd_kafka_error_t* error, absl::string_view step) const;

  rd_kafka_t* client_ = nullptr;
  std::map<std::string, rd_kafka_topic_t*, std::less<>> topics_;
  // Records that wait, all of one partition; they point into buffer_.
  std::string waiting_topic_;
  int waiting_partition_ = -1;
  std::vector<rd_kafka_message_t> waiting_;
  const std::unique_ptr<char[]> buffer_;
  size_t buffered_ = 0;
  std::atomic<bool> tainted_{false};
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_TRANSACTIONAL_PRODUCER_H_
