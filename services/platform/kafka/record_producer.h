#ifndef SERVICES_PLATFORM_KAFKA_RECORD_PRODUCER_H_
#define SERVICES_PLATFORM_KAFKA_RECORD_PRODUCER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"

namespace windrow::kafka {

// Writes records outside of transactions: idempotent, acks=all, in order per partition.
// Thread-safe; serves its own delivery reports.
class RecordProducer {
 public:
  static absl::StatusOr<std::unique_ptr<RecordProducer>> Create(const KafkaConfig& config);
  // Waits up to 5 s for what was sent.
  ~RecordProducer();
  RecordProducer(const RecordProducer&) = delete;
  RecordProducer& operator=(const RecordProducer&) = delete;

  // Hands a copy of the record to librdkafka. When its queue is full, waits up to `timeout`, then
  // DEADLINE_EXCEEDED. Once a delivery has failed, returns that failure for ever.
  absl::Status Send(absl::string_view topic, int partition, absl::string_view key,
                    absl::string_view value, absl::Duration timeout);

  // Sends one record and waits for its acknowledgement; returns its offset.
  absl::StatusOr<int64_t> SendAndWait(absl::string_view topic, int partition,
                                      absl::string_view key, absl::string_view value,
                                      absl::Duration timeout);

  // Waits until everything sent is acknowledged.
  absl::Status Flush(absl::Duration timeout);

  // Counts since creation.
  int64_t records_acknowledged() const { return records_acknowledged_.load(); }
  int64_t bytes_acknowledged() const { return bytes_acknowledged_.load(); }

 private:
  RecordProducer() = default;
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);

  rd_kafka_t* client_ = nullptr;
  std::atomic<int64_t> records_acknowledged_{0};
  std::atomic<int64_t> bytes_acknowledged_{0};
  absl::Mutex mutex_;
  absl::Status first_failure_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_RECORD_PRODUCER_H_
