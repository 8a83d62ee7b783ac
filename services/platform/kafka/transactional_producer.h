#ifndef SERVICES_PLATFORM_KAFKA_TRANSACTIONAL_PRODUCER_H_
#define SERVICES_PLATFORM_KAFKA_TRANSACTIONAL_PRODUCER_H_

#include <atomic>
#include <cstdint>
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

namespace windrow::kafka {

// What is to be done after a step of a transaction.
enum class TransactionOutcome {
  kOk,
  // Call Abort; the producer can go on.
  kAbort,
  // Another producer has taken the transactional id: replace this one, or exit.
  kFenced,
  // The producer is of no more use, and whether the transaction was committed is not known:
  // replace it (which settles the transaction) and read the committed offsets again.
  kReplace,
};

// A step's outcome and what librdkafka said.
struct TransactionStep {
  TransactionOutcome outcome = TransactionOutcome::kOk;
  std::string message;

  bool ok() const { return outcome == TransactionOutcome::kOk; }
};

// A producer with a transactional id. Steps are retried inside until a deadline; what cannot be
// retried is collapsed into a TransactionOutcome here and nowhere else. One thread at a time.
//
// Begin, SendOffsets, Produce*, Commit; after an outcome of kAbort, Abort.
class TransactionalProducer {
 public:
  // Takes over the transactional id: any transaction that its former owner left is finished, and
  // that owner is fenced. UNAVAILABLE / DEADLINE_EXCEEDED when that cannot be done in `timeout`.
  static absl::StatusOr<std::unique_ptr<TransactionalProducer>> Create(
      const KafkaConfig& config, const std::string& transactional_id,
      absl::Duration transaction_timeout, absl::Duration timeout);
  ~TransactionalProducer();
  TransactionalProducer(const TransactionalProducer&) = delete;
  TransactionalProducer& operator=(const TransactionalProducer&) = delete;

  TransactionStep Begin();

  // Adds consumed offsets (at least one) of a group, fenced by the group's metadata.
  TransactionStep SendOffsets(const std::vector<OffsetToCommit>& offsets,
                              const rd_kafka_consumer_group_metadata_t* group, absl::Time deadline);

  // Adds a record. When the queue is full, waits for room until `deadline`. If `delivered_offset`
  // is not null, it receives the record's offset before Commit returns kOk; it must live until
  // then.
  TransactionStep Produce(absl::string_view topic, int partition, absl::string_view key,
                          absl::string_view value, absl::Time deadline,
                          int64_t* delivered_offset = nullptr);

  // Adds a record with headers.
  TransactionStep ProduceWithHeaders(
      absl::string_view topic, int partition, absl::string_view key, absl::string_view value,
      const std::vector<std::pair<std::string, std::string>>& headers, absl::Time deadline);

  TransactionStep Commit(absl::Time deadline);
  TransactionStep Abort(absl::Time deadline);

  // Whether a transactional request has timed out or lost its connection. librdkafka retries such
  // requests out of sight, and the delayed first copy of an EndTxn could end the next transaction
  // (KAFKA-17754): a tainted producer is replaced before the next Begin, since the new epoch fences
  // what is still under way.
  bool tainted() const { return tainted_.load(); }

 private:
  TransactionalProducer() = default;
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  static rd_kafka_resp_err_t OnNewClient(rd_kafka_t* client, const rd_kafka_conf_t* conf,
                                         void* opaque, char* error, size_t error_size);
  static rd_kafka_resp_err_t OnResponse(rd_kafka_t* client, int socket, const char* broker_name,
                                        int32_t broker_id, int16_t api_key, int16_t api_version,
                                        int32_t correlation_id, size_t size, int64_t rtt,
                                        rd_kafka_resp_err_t code, void* opaque);
  rd_kafka_topic_t* Topic(absl::string_view name);
  TransactionStep Classify(rd_kafka_error_t* error, absl::string_view step) const;

  rd_kafka_t* client_ = nullptr;
  std::map<std::string, rd_kafka_topic_t*> topics_;
  std::atomic<bool> tainted_{false};
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_TRANSACTIONAL_PRODUCER_H_
