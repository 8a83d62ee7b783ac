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
constexpr int64_t kWindowUs = 600'000'000;

absl::Status ToStatus(const kafka::TransactionStep& step) {
  return step.ok() ? absl::OkStatus() : absl::UnavailableError(step.message);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowWriter>> RowWriter::Create(const kafka::KafkaConfig& kafka,
                                                             const std::string& pipeline,
                                                             int rows) {
  std::unique_ptr<RowWriter> writer(new RowWriter(absl::StrCat(pipeline, ".results"), rows));
  auto admin = kafka::TopicAdmin::Create(kafka);
  if (!admin.ok()) return admin.status();
  const absl::Status made = (*admin)->EnsureTopics({{writer->topic_, kPartitions, {}}}, kPatience);
  if (!made.ok()) return made;
  auto producer = kafka::TransactionalProducer::Create(kafka, absl::StrCat(pipeline, "-fanout"),
                                                       kPatience, kPatience);
  if (!producer.ok()) return producer.status();
  writer->producer_ = *std::move(producer);
  absl::Status status = ToStatus(writer->producer_->Begin());
  if (status.ok()) status = writer->Progress();
  if (status.ok()) status = ToStatus(writer->producer_->Commit(absl::Now() + kPatience));
  if (status.ok()) status = writer->Write(rows);
  if (!status.ok()) return status;
  return writer;
}

absl::Status RowWriter::Produce(int partition, const std::string& key, const std::string& value) {
  return ToStatus(producer_->Produce(topic_, partition, key, value, absl::Now() + kPatience));
}

absl::Status RowWriter::Progress() {
  for (int partition = 0; partition < kPartitions; ++partition) {
    ResultKey key;
    key.mutable_progress()->set_merge_partition(partition);
    ResultRecord value;
    value.mutable_progress()->set_merge_partition(partition);
    value.mutable_progress()->set_merge_partitions(kPartitions);
    value.mutable_progress()->set_closed_through_us(0);
    value.mutable_progress()->add_views(kView);
    const absl::Status produced =
        Produce(partition, key.SerializeAsString(), value.SerializeAsString());
    if (!produced.ok()) return produced;
  }
  return absl::OkStatus();
}

absl::Status RowWriter::Write(int updates) {
  absl::Status status = ToStatus(producer_->Begin());
  for (int i = 0; i < updates && status.ok(); ++i) {
    const int row_number = static_cast<int>(updates_ % rows_);
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
    count->set_int_value(updates_);
    row->set_accepted(static_cast<uint64_t>(updates_));
    status = Produce(row_number % kPartitions, key.SerializeAsString(), value.SerializeAsString());
    ++updates_;
  }
  if (!status.ok()) return status;
  return ToStatus(producer_->Commit(absl::Now() + kPatience));
}

}  // namespace windrow::bench
