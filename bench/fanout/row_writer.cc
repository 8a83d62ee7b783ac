#include "bench/fanout/row_writer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/topic_admin.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::bench {
namespace {

using ::windrow::results::v1::ResultKey;
using ::windrow::results::v1::ResultRecord;

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr int kMostAttempts = 5;
constexpr int64_t kWindowUs = 600'000'000;

absl::Status ToStatus(const kafka::TransactionStep& step) {
  return step.ok() ? absl::OkStatus() : absl::UnavailableError(step.message);
}

}  // namespace

RowWriter::RowWriter(kafka::KafkaConfig kafka, const std::string& pipeline, int rows)
    : kafka_(std::move(kafka)),
      transactional_id_(absl::StrCat(pipeline, "-fanout")),
      topic_(absl::StrCat(pipeline, ".results")),
      rows_(rows) {}

absl::StatusOr<std::unique_ptr<RowWriter>> RowWriter::Create(const kafka::KafkaConfig& kafka,
                                                             const std::string& pipeline,
                                                             int rows) {
  std::unique_ptr<RowWriter> writer(new RowWriter(kafka, pipeline, rows));
  auto admin = kafka::TopicAdmin::Create(kafka);
  if (!admin.ok()) return admin.status();
  absl::Status status = (*admin)->EnsureTopics({{writer->topic_, kPartitions, {}}}, kPatience);
  if (status.ok()) status = writer->Connect();
  if (status.ok()) status = writer->TryProgress();
  if (status.ok()) status = writer->Write(rows);
  if (!status.ok()) return status;
  return writer;
}

absl::Status RowWriter::Connect() {
  // A new one fences the one of before, whatever that still has under way.
  producer_.reset();
  auto producer =
      kafka::TransactionalProducer::Create(kafka_, transactional_id_, kPatience, kPatience);
  if (!producer.ok()) return producer.status();
  producer_ = *std::move(producer);
  return absl::OkStatus();
}

absl::Status RowWriter::Produce(int partition, const std::string& key, const std::string& value) {
  return ToStatus(producer_->Produce(topic_, partition, key, value, absl::Now() + kPatience));
}

absl::Status RowWriter::TryProgress() {
  absl::Status status = ToStatus(producer_->Begin());
  for (int partition = 0; partition < kPartitions && status.ok(); ++partition) {
    ResultKey key;
    key.mutable_progress()->set_merge_partition(partition);
    ResultRecord value;
    value.mutable_progress()->set_merge_partition(partition);
    value.mutable_progress()->set_merge_partitions(kPartitions);
    value.mutable_progress()->set_closed_through_us(0);
    value.mutable_progress()->add_views(kView);
    status = Produce(partition, key.SerializeAsString(), value.SerializeAsString());
  }
  return status.ok() ? ToStatus(producer_->Commit(absl::Now() + kPatience)) : status;
}

absl::Status RowWriter::ProduceUpdate(int64_t update) {
  const int row_number = static_cast<int>(update % rows_);
  const std::string group = absl::StrCat("Traffic Violation ", row_number);
  ResultKey key;
  key.mutable_row()->set_view(kView);
  key.mutable_row()->set_window_start_us(kWindowUs);
  key.mutable_row()->set_group(group);
  ResultRecord value;
  auto* const row = value.mutable_row();
  row->set_view(kView);
  row->set_window_start_us(kWindowUs);
  row->set_window_end_us(2 * kWindowUs);
  auto* const field = row->add_group();
  field->set_name("original_crime_type_name");
  field->set_string_value(group);
  auto* const count = row->add_values();
  count->set_name("count");
  count->set_int_value(update);
  row->set_accepted(static_cast<uint64_t>(update));
  return Produce(row_number % kPartitions, key.SerializeAsString(), value.SerializeAsString());
}

absl::Status RowWriter::TryWrite(int64_t first, int updates) {
  // librdkafka retries out of sight: only a new producer is sure to begin anew.
  absl::Status status = producer_->tainted() ? Connect() : absl::OkStatus();
  if (status.ok()) status = ToStatus(producer_->Begin());
  for (int i = 0; i < updates && status.ok(); ++i) status = ProduceUpdate(first + i);
  return status.ok() ? ToStatus(producer_->Commit(absl::Now() + kPatience)) : status;
}

absl::Status RowWriter::Write(int updates) {
  const int64_t first = updates_;
  updates_ += updates;
  absl::Status status = TryWrite(first, updates);
  for (int attempt = 1; attempt < kMostAttempts && !status.ok(); ++attempt) {
    status = Connect();
    if (status.ok()) status = TryWrite(first, updates);
  }
  return status;
}

}  // namespace windrow::bench
