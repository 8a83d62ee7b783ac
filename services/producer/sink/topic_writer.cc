#include "services/producer/sink/topic_writer.h"

#include "absl/strings/str_cat.h"

namespace windrow::producer {
namespace {

// What a replay wants of librdkafka; the configuration's own properties win.
void AddProperties(kafka::KafkaConfig* config) {
  config->properties.insert({
      {"compression.type", "lz4"},
      {"linger.ms", "5"},
      {"batch.size", "1000000"},
      {"batch.num.messages", "10000"},
      // Bounds the memory; a record and its bookkeeping.
      {"queue.buffering.max.messages", "200000"},
      {"queue.buffering.max.kbytes", "65536"},
      // An outage of any length loses nothing: who does not want to wait stops the replay.
      {"message.timeout.ms", "0"},
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<TopicWriter>> TopicWriter::Create(kafka::KafkaConfig config,
                                                                 kafka::TopicAdmin& admin,
                                                                 const std::string& topic,
                                                                 absl::Duration timeout,
                                                                 kafka::RecordHeaders headers) {
  absl::StatusOr<kafka::TopicDescription> description = admin.DescribeTopic(topic, timeout);
  if (!description.ok()) return description.status();
  if (description->partitions < 1) {
    return absl::UnavailableError(absl::StrCat("topic ", topic, " has no partitions yet"));
  }
  AddProperties(&config);
  absl::StatusOr<std::unique_ptr<kafka::RecordProducer>> producer =
      kafka::RecordProducer::Create(config);
  if (!producer.ok()) return producer.status();
  return std::unique_ptr<TopicWriter>(
      new TopicWriter(topic, description->partitions, std::move(headers), *std::move(producer)));
}

absl::Status TopicWriter::Write(absl::string_view value, absl::Duration timeout) {
  absl::Status status =
      producer_->Send(topic_, partition_, absl::string_view(), value, timeout, -1, headers_);
  if (status.ok() && ++partition_ == partitions_) partition_ = 0;
  return status;
}

}  // namespace windrow::producer
