#ifndef SERVICES_PRODUCER_SINK_TOPIC_WRITER_H_
#define SERVICES_PRODUCER_SINK_TOPIC_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record_producer.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/producer/core/record_sink.h"

namespace windrow::producer {

// Writes the records of one replay to a topic: idempotent, acks=all, without keys. Record number n,
// counted from 0, goes to partition n mod P, so that a replay of the same input is the same input
// again. While the cluster is away it waits, however long. Threads: see RecordSink.
class TopicWriter : public RecordSink {
 public:
  // Each record gets `headers`. NOT_FOUND when the topic does not exist; UNAVAILABLE or
  // DEADLINE_EXCEEDED when Kafka does not answer within `timeout`.
  static absl::StatusOr<std::unique_ptr<TopicWriter>> Create(kafka::KafkaConfig config,
                                                             kafka::TopicAdmin& admin,
                                                             const std::string& topic,
                                                             absl::Duration timeout,
                                                             kafka::RecordHeaders headers = {});

  absl::Status Write(absl::string_view value, absl::Duration timeout) override;
  absl::Status Flush(absl::Duration timeout) override { return producer_->Flush(timeout); }
  int64_t records_acknowledged() const override { return producer_->records_acknowledged(); }
  int64_t bytes_acknowledged() const override { return producer_->bytes_acknowledged(); }

 private:
  TopicWriter(std::string topic, int partitions, kafka::RecordHeaders headers,
              std::unique_ptr<kafka::RecordProducer> producer)
      : topic_(std::move(topic)),
        partitions_(partitions),
        headers_(std::move(headers)),
        producer_(std::move(producer)) {}

  const std::string topic_;
  const int partitions_;
  const kafka::RecordHeaders headers_;
  const std::unique_ptr<kafka::RecordProducer> producer_;
  // Of the next record.
  int partition_ = 0;
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_SINK_TOPIC_WRITER_H_
