#ifndef SERVICES_PLATFORM_KAFKA_RECORD_PRODUCER_H_
#define SERVICES_PLATFORM_KAFKA_RECORD_PRODUCER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record_headers.h"

namespace windrow::kafka {

// Writes records outside of transactions: idempotent, acks=all, in order per partition.
// Thread-safe; serves its own delivery reports, on a thread of its own.
//
// A key or value whose data() is null is written as null (a null value is a tombstone), any other
// empty one as empty. INVALID_ARGUMENT when a record is too big, NOT_FOUND for an unknown topic.
class RecordProducer {
 public:
  static absl::StatusOr<std::unique_ptr<RecordProducer>> Create(const KafkaConfig& config);
  // Waits up to 5 s for what was sent.
  ~RecordProducer();
  RecordProducer(const RecordProducer&) = delete;
  RecordProducer& operator=(const RecordProducer&) = delete;

  // Hands a copy of the record to librdkafka. When its queue is full, waits up to `timeout`, then
  // DEADLINE_EXCEEDED. Once a delivery has failed, returns that failure for ever: what follows
  // would leave a gap. A `mark` of 0 or more is the caller's name for the record, see failed_mark.
  // A partition of -1 is chosen by the key. `headers` are copied.
  absl::Status Send(absl::string_view topic, int partition, absl::string_view key,
                    absl::string_view value, absl::Duration timeout, int64_t mark = -1,
                    const RecordHeaders& headers = {});

  // Sends one record and waits for its acknowledgement; returns its offset. After
  // DEADLINE_EXCEEDED the record may still be written. A failure is this call's only.
  absl::StatusOr<int64_t> SendAndWait(absl::string_view topic, int partition, absl::string_view key,
                                      absl::string_view value, absl::Duration timeout,
                                      const RecordHeaders& headers = {});

  // Waits until everything sent is acknowledged; returns the first failure of what Send took.
  absl::Status Flush(absl::Duration timeout);

  // The least mark of those records that were not delivered; -1 for none.
  int64_t failed_mark() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Counts since creation.
  int64_t records_acknowledged() const { return records_acknowledged_.load(); }
  int64_t bytes_acknowledged() const { return bytes_acknowledged_.load(); }

 private:
  struct Receipt;

  RecordProducer() = default;
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  void ServeDeliveryReports();
  void SetFirstFailure(absl::Status failure, int64_t mark);
  void MeetTopic(const std::string& topic, absl::Duration timeout)
      ABSL_LOCKS_EXCLUDED(topics_mutex_);
  absl::Status Enqueue(absl::string_view topic, int partition, absl::string_view key,
                       absl::string_view value, absl::Duration timeout,
                       const RecordHeaders& headers, void* receipt);

  rd_kafka_t* client_ = nullptr;
  std::thread server_;
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> records_acknowledged_{0};
  std::atomic<int64_t> bytes_acknowledged_{0};
  // Set after first_failure_, and spares Send the lock.
  std::atomic<bool> failed_{false};
  absl::Mutex topics_mutex_;
  // Those that were written to, for as long as we live.
  absl::flat_hash_map<std::string, rd_kafka_topic_t*> topics_ ABSL_GUARDED_BY(topics_mutex_);
  mutable absl::Mutex mutex_;
  absl::Status first_failure_ ABSL_GUARDED_BY(mutex_);
  int64_t failed_mark_ ABSL_GUARDED_BY(mutex_) = -1;
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_RECORD_PRODUCER_H_
