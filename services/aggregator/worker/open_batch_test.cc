#include "services/aggregator/worker/open_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "services/aggregator/core/event_time.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "windrow/pipeline/v1/pipeline.pb.h"

namespace windrow::aggregator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::string_view kGood = R"({"at":"2020-01-01T00:00:00Z","kind":"a"})";
constexpr absl::string_view kBroken = "{";

class OpenBatchTest : public testing::Test {
 protected:
  OpenBatchTest() {
    windrow::pipeline::v1::Pipeline pipeline;
    pipeline.set_name("pipelines/p");
    pipeline.set_source_topic("source");
    pipeline.set_merge_partitions(1);
    pipeline.mutable_event_time()->set_field("at");
    windrow::pipeline::v1::View* view = pipeline.add_views();
    view->set_id("by-kind");
    view->add_group_by("kind");
    view->mutable_window()->mutable_tumbling()->mutable_size()->set_seconds(60);
    windrow::pipeline::v1::Aggregate* aggregate = view->add_aggregates();
    aggregate->set_name("count");
    aggregate->mutable_count();
    batch_ = *OpenBatch::Create(*MakePlan(pipeline));
    TakeUpSource();
  }

  void TakeUpSource() {
    batch_->combiner().AddSource(SourcePosition());
    batch_->combiner().SetPartitions(1);
  }

  void Count(int64_t offset, absl::string_view value) {
    record_log::Record record;
    record.offset = offset;
    record.timestamp_ms = 1'600'000'000'000 + offset;
    record.has_value = true;
    record.value = value;
    batch_->Count(0, record);
  }

  SealedBatch Seal() {
    SealedBatch sealed;
    batch_->SealInto("source", &sealed);
    return sealed;
  }

  int64_t NotJson() const {
    return batch_->dead_letter_counts()[static_cast<size_t>(DeadLetterReason::kNotJson)];
  }

  std::unique_ptr<OpenBatch> batch_;
};

TEST_F(OpenBatchTest, WhatBelongsTogetherIsSealedTogetherAndOnce) {
  Count(0, kGood);
  Count(1, kBroken);
  const SealedBatch sealed = Seal();
  ASSERT_THAT(sealed.offsets, SizeIs(1));
  EXPECT_EQ(sealed.offsets[0].topic, "source");
  EXPECT_EQ(sealed.offsets[0].offset, 2);
  ASSERT_THAT(sealed.frames, SizeIs(1));
  EXPECT_THAT(sealed.frames[0].views, SizeIs(1));
  EXPECT_THAT(sealed.frames[0].record_times_ms, ElementsAre(1'600'000'000'000, 1'600'000'000'001));
  ASSERT_THAT(sealed.dead_letters, SizeIs(1));
  EXPECT_EQ(sealed.dead_letters[0].offset, 1);
  const SealedBatch after = Seal();
  EXPECT_THAT(after.offsets, IsEmpty());
  EXPECT_THAT(after.frames, IsEmpty());
  EXPECT_THAT(after.dead_letters, IsEmpty());
}

TEST_F(OpenBatchTest, ARecordThatComesAgainMakesNoSecondDeadLetter) {
  Count(0, kBroken);
  Count(0, kBroken);
  EXPECT_EQ(NotJson(), 1);
  EXPECT_THAT(Seal().dead_letters, SizeIs(1));
}

TEST_F(OpenBatchTest, IsFullLongBeforeItIsOverfull) {
  EXPECT_FALSE(batch_->IsFull());
  int64_t offset = 0;
  while (!batch_->IsFull() && offset < 100'000) Count(offset++, kBroken);
  EXPECT_EQ(offset, 5'000);
  EXPECT_FALSE(batch_->IsOverfull());
  while (!batch_->IsOverfull() && offset < 100'000) Count(offset++, kBroken);
  EXPECT_EQ(offset, 20'001);
  Seal();
  EXPECT_FALSE(batch_->IsFull());
  EXPECT_FALSE(batch_->IsOverfull());
}

TEST_F(OpenBatchTest, LargeDeadLettersFillItToo) {
  const std::string large(400'000, '{');
  for (int64_t offset = 0; offset < 20; ++offset) {
    EXPECT_FALSE(batch_->IsFull()) << offset;
    Count(offset, large);
  }
  EXPECT_TRUE(batch_->IsFull());
}

TEST_F(OpenBatchTest, ForgetsAllButWhatItHasSeenSinceItWasMade) {
  Count(0, kGood);
  Count(1, kBroken);
  batch_->Reset();
  TakeUpSource();
  const SealedBatch sealed = Seal();
  ASSERT_THAT(sealed.frames, SizeIs(1)) << "which says that the source has an owner";
  EXPECT_THAT(sealed.frames[0].views, IsEmpty());
  EXPECT_THAT(sealed.dead_letters, IsEmpty());
  EXPECT_EQ(NotJson(), 1);
  // The times that were forgotten are not those of the next batch.
  Count(7, kGood);
  EXPECT_THAT(Seal().frames[0].record_times_ms, ElementsAre(1'600'000'000'007));
}

}  // namespace
}  // namespace windrow::aggregator
