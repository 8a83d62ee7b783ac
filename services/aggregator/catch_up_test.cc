#include "services/aggregator/catch_up.h"

#include <gtest/gtest.h>

namespace windrow::aggregator {
namespace {

namespace pb = windrow::status::v1;

// A replica with one worker that reads all source partitions, two, and both merge partitions.
pb::PipelineStatus Status(int64_t end_offset, int64_t log_end, int64_t closed_through) {
  pb::PipelineStatus status;
  pb::WorkerStatus* const worker = status.add_workers();
  for (int p = 0; p < 2; ++p) {
    pb::SourcePartitionStatus* const source = worker->add_sources();
    source->mutable_position()->set_source_partition(p);
    source->mutable_position()->set_source_partitions(2);
    source->mutable_position()->set_end_offset(end_offset);
    source->set_log_end_offset(log_end);
  }
  for (int m = 0; m < 2; ++m) {
    pb::MergePartitionStatus* const merge = worker->add_merges();
    merge->set_partition(m);
    merge->set_next_offset(500);
    merge->set_log_end_offset(500);
    if (closed_through > 0) merge->set_closed_through_us(closed_through);
  }
  return status;
}

CatchUp Compare(const pb::PipelineStatus& served, const pb::PipelineStatus& next,
                bool same_source = true) {
  return CompareIncarnations({served}, {next}, same_source, 2);
}

TEST(CatchUpTest, WhatHasReadLittleIsBehind) {
  EXPECT_EQ(Compare(Status(100'000, 100'000, 7), Status(50'000, 100'000, 3)), CatchUp::kBehind);
  EXPECT_EQ(Compare(Status(100'000, 100'000, 7), Status(98'999, 100'000, 3)), CatchUp::kBehind);
  EXPECT_EQ(Compare(Status(100'000, 100'000, 7), Status(99'000, 100'000, 3)), CatchUp::kLevel);
  EXPECT_EQ(Compare(Status(100'000, 100'000, 7), Status(99'000, 100'000, 7)), CatchUp::kClosed);
  EXPECT_EQ(Compare(Status(100'000, 100'000, 0), Status(99'000, 100'000, 0)), CatchUp::kClosed);
}

TEST(CatchUpTest, ItNeedNotBeAheadOfTheServedOne) {
  EXPECT_EQ(Compare(Status(20'000, 100'000, 7), Status(20'000, 100'000, 7)), CatchUp::kClosed);
  EXPECT_EQ(Compare(Status(20'000, 100'000, 7), Status(18'000, 100'000, 7)), CatchUp::kBehind);
  // Of another topic, offsets mean something else.
  EXPECT_EQ(Compare(Status(20'000, 100'000, 7), Status(20'000, 100'000, 7), false),
            CatchUp::kBehind);
  // Nor need anybody run it: its source topic may never have been there.
  EXPECT_EQ(CompareIncarnations({}, {Status(99'000, 100'000, 0)}, true, 2), CatchUp::kClosed);
}

TEST(CatchUpTest, TheEndOfTheLogIsEnough) {
  pb::PipelineStatus next = Status(10, 5'000, 7);
  EXPECT_EQ(Compare(Status(5'000, 5'000, 7), next), CatchUp::kBehind);
  for (auto& source : *next.mutable_workers(0)->mutable_sources()) {
    source.mutable_position()->set_idle_for_ms(1000);
  }
  EXPECT_EQ(Compare(Status(5'000, 5'000, 7), next), CatchUp::kClosed);
}

TEST(CatchUpTest, AllPartitionsMustBeHeardOf) {
  const pb::PipelineStatus served = Status(100, 100, 7);
  pb::PipelineStatus next = Status(100, 100, 7);
  next.mutable_workers(0)->mutable_sources()->RemoveLast();
  EXPECT_EQ(Compare(served, next), CatchUp::kBehind);
  next = Status(100, 100, 7);
  next.mutable_workers(0)->mutable_merges()->RemoveLast();
  EXPECT_EQ(Compare(served, next), CatchUp::kBehind);
  next = Status(100, 100, 7);
  // Nothing has been committed yet: how many there are is not known.
  for (auto& source : *next.mutable_workers(0)->mutable_sources()) {
    source.mutable_position()->set_source_partitions(0);
  }
  EXPECT_EQ(Compare(served, next), CatchUp::kBehind);
  EXPECT_EQ(CompareIncarnations({served}, {}, true, 2), CatchUp::kBehind);
  // Two replicas may have half of it each.
  pb::PipelineStatus first = Status(100, 100, 7);
  pb::PipelineStatus second = Status(100, 100, 7);
  first.mutable_workers(0)->mutable_sources()->RemoveLast();
  first.mutable_workers(0)->mutable_merges()->RemoveLast();
  second.mutable_workers(0)->mutable_sources(0)->Swap(
      second.mutable_workers(0)->mutable_sources(1));
  second.mutable_workers(0)->mutable_sources()->RemoveLast();
  second.mutable_workers(0)->mutable_merges(0)->Swap(second.mutable_workers(0)->mutable_merges(1));
  second.mutable_workers(0)->mutable_merges()->RemoveLast();
  EXPECT_EQ(CompareIncarnations({served}, {first, second}, true, 2), CatchUp::kClosed);
}

TEST(CatchUpTest, WhatIsReadMustBeMerged) {
  const pb::PipelineStatus served = Status(100, 100, 7);
  pb::PipelineStatus next = Status(100, 100, 7);
  next.mutable_workers(0)->mutable_merges(1)->set_next_offset(399);
  EXPECT_EQ(Compare(served, next), CatchUp::kBehind);
  next.mutable_workers(0)->mutable_merges(1)->set_next_offset(400);
  EXPECT_EQ(Compare(served, next), CatchUp::kClosed);
  next.mutable_workers(0)->mutable_merges(1)->set_log_end_offset(-1);
  EXPECT_EQ(Compare(served, next), CatchUp::kBehind);
}

TEST(CatchUpTest, WhatFailsDoesNotCatchUp) {
  const pb::PipelineStatus served = Status(100, 100, 7);
  pb::PipelineStatus next = Status(100, 100, 7);
  next.mutable_workers(0)->mutable_merges(0)->set_blocked(true);
  EXPECT_EQ(Compare(served, next), CatchUp::kBehind);
  next = Status(100, 100, 7);
  next.mutable_workers(0)->mutable_sources(0)->set_error("DATA_LOSS");
  EXPECT_EQ(Compare(served, next), CatchUp::kBehind);
  next = Status(100, 100, 7);
  next.mutable_workers(0)->mutable_sources(0)->set_log_end_offset(-1);
  EXPECT_EQ(Compare(served, next), CatchUp::kBehind);
}

}  // namespace
}  // namespace windrow::aggregator
