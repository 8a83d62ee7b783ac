#include "services/query/source/result_decoder.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::query {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;
using ::windrow::results::v1::ResultKey;
using ::windrow::results::v1::ResultRecord;

// Decodes one record of partition 1, offset 5; a null value when `value` is null.
absl::Status Decode(const ResultKey& key, const ResultRecord* value, ChangeBatch* batch) {
  const std::string key_bytes = key.SerializeAsString();
  const std::string value_bytes = value == nullptr ? "" : value->SerializeAsString();
  kafka::RecordView record;
  record.topic = "sf-calls.results";
  record.partition = 1;
  record.offset = 5;
  record.timestamp_ms = 1'700'000'000'123;
  record.has_key = true;
  record.key = key_bytes;
  record.has_value = value != nullptr;
  record.value = value_bytes;
  return DecodeResult(record, batch);
}

ResultKey RowKeyOf(const std::string& group) {
  ResultKey key;
  key.mutable_row()->set_view("by-type");
  key.mutable_row()->set_window_start_us(-100);
  key.mutable_row()->set_group(group);
  return key;
}

TEST(ResultDecoderTest, DecodesARow) {
  ResultRecord value;
  value.mutable_row()->set_view("by-type");
  value.mutable_row()->set_window_start_us(-100);
  value.mutable_row()->set_window_end_us(200);
  value.mutable_row()->set_accepted(3);
  ChangeBatch batch;
  ASSERT_TRUE(Decode(RowKeyOf("g"), &value, &batch).ok());

  ASSERT_THAT(batch.rows, SizeIs(1));
  const RowChange& row = batch.rows[0];
  EXPECT_EQ(row.version.partition, 1);
  EXPECT_EQ(row.version.offset, 5);
  EXPECT_EQ(row.commit_time_ms, 1'700'000'000'123);
  EXPECT_EQ(row.view, "by-type");
  EXPECT_EQ(row.window_start_us, -100);
  EXPECT_EQ(row.window_end_us, 200);
  EXPECT_EQ(row.group, "g");
  EXPECT_EQ(row.accepted, 3u);
  EXPECT_FALSE(row.deleted);
  EXPECT_EQ(row.payload, value.row().SerializeAsString());
}

TEST(ResultDecoderTest, TakesANullValueForADeletion) {
  ChangeBatch batch;
  ASSERT_TRUE(Decode(RowKeyOf("g"), nullptr, &batch).ok());
  ASSERT_THAT(batch.rows, SizeIs(1));
  EXPECT_TRUE(batch.rows[0].deleted);
}

TEST(ResultDecoderTest, SumsTheCountersOfAProgress) {
  ResultKey key;
  key.mutable_progress()->set_merge_partition(1);
  ResultRecord value;
  auto* progress = value.mutable_progress();
  progress->set_merge_partition(1);
  progress->set_closed_through_us(0);
  progress->set_drain_generation(4);
  progress->add_views("a");
  progress->add_views("b");
  for (int source = 0; source < 2; ++source) {
    auto* counters = progress->add_sources()->mutable_counters();
    counters->set_read(10);
    counters->set_dead_lettered(1);
    counters->add_views()->set_late_everywhere(2);
    counters->add_views()->set_late_everywhere(source);
  }
  ChangeBatch batch;
  ASSERT_TRUE(Decode(key, &value, &batch).ok());

  ASSERT_THAT(batch.progress, SizeIs(1));
  const PartitionProgress& decoded = batch.progress[0].progress;
  EXPECT_EQ(decoded.closed_through_us, 0);
  EXPECT_EQ(decoded.drain_generation, 4);
  EXPECT_EQ(decoded.records_read, 20u);
  EXPECT_EQ(decoded.dead_lettered, 2u);
  EXPECT_THAT(decoded.views, ElementsAre("a", "b"));
  EXPECT_THAT(decoded.late_everywhere, ElementsAre(Pair("a", 4), Pair("b", 1)));
}

TEST(ResultDecoderTest, DecodesALedger) {
  ResultKey key;
  key.mutable_ledger()->set_view("by-type");
  key.mutable_ledger()->set_window_start_us(7);
  key.mutable_ledger()->set_merge_partition(3);
  ResultRecord value;
  value.mutable_ledger()->set_late(9);
  ChangeBatch batch;
  ASSERT_TRUE(Decode(key, &value, &batch).ok());
  ASSERT_TRUE(Decode(key, nullptr, &batch).ok());
  ASSERT_THAT(batch.ledgers, SizeIs(2));
  EXPECT_EQ(batch.ledgers[0].merge_partition, 3);
  EXPECT_EQ(batch.ledgers[0].window_start_us, 7);
  EXPECT_EQ(batch.ledgers[0].late, 9u);
  EXPECT_EQ(batch.ledgers[1].late, 0u);
}

TEST(ResultDecoderTest, SkipsAKindItDoesNotKnow) {
  ResultRecord value;
  ChangeBatch batch;
  EXPECT_TRUE(Decode(ResultKey(), &value, &batch).ok());
  EXPECT_TRUE(batch.empty());
}

TEST(ResultDecoderTest, RefusesWhatIsNotOfTheContract) {
  ChangeBatch batch;
  ResultRecord wrong_kind;
  wrong_kind.mutable_ledger()->set_late(1);
  EXPECT_EQ(Decode(RowKeyOf("g"), &wrong_kind, &batch).code(), absl::StatusCode::kInvalidArgument);

  ResultKey other_partition;
  other_partition.mutable_progress()->set_merge_partition(2);
  ResultRecord progress;
  progress.mutable_progress()->set_merge_partition(2);
  EXPECT_EQ(Decode(other_partition, &progress, &batch).code(), absl::StatusCode::kInvalidArgument);

  kafka::RecordView garbage;
  garbage.has_key = true;
  garbage.key = "\xff\xff\xff";
  EXPECT_EQ(DecodeResult(garbage, &batch).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(DecodeResult(kafka::RecordView(), &batch).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(batch.empty());
}

}  // namespace
}  // namespace windrow::query
