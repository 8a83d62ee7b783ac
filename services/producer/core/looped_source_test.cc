#include "services/producer/core/looped_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace windrow::producer {
namespace {

using ::testing::ElementsAre;

class ListSource : public RecordSource {
 public:
  explicit ListSource(std::vector<int64_t> times) : times_(std::move(times)) {}
  absl::Status Prepare(absl::FunctionRef<bool()> cancelled) override {
    prepared_ = true;
    return cancelled() ? absl::CancelledError("stopped") : absl::OkStatus();
  }
  absl::StatusOr<bool> Next(SourceRecord* record) override {
    EXPECT_TRUE(prepared_);
    if (next_ == times_.size()) return false;
    record->value = "record";
    record->event_time_us = times_[next_++];
    return true;
  }
  int64_t records_total() const override { return static_cast<int64_t>(times_.size()); }

 private:
  const std::vector<int64_t> times_;
  size_t next_ = 0;
  bool prepared_ = false;
};

std::vector<int64_t> Times(const std::vector<int64_t>& one_pass, int count) {
  const auto open = [&] { return std::make_unique<ListSource>(one_pass); };
  LoopedSource source(open, open(), [] { return false; });
  EXPECT_TRUE(source.Prepare([] { return false; }).ok());
  std::vector<int64_t> times;
  SourceRecord record;
  for (int i = 0; i < count; ++i) {
    const absl::StatusOr<bool> more = source.Next(&record);
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) break;
    times.push_back(*record.event_time_us);
  }
  return times;
}

TEST(LoopedSourceTest, GoesOnWhereThePassBeforeEnded) {
  EXPECT_THAT(Times({100, 130, 120}, 8), ElementsAre(100, 130, 120, 130, 160, 150, 160, 190));
}

TEST(LoopedSourceTest, AnEmptySourceEnds) { EXPECT_THAT(Times({}, 3), ElementsAre()); }

TEST(LoopedSourceTest, AStopEndsThePreparationOfAPass) {
  bool stopped = false;
  const auto open = [] { return std::make_unique<ListSource>(std::vector<int64_t>{1}); };
  LoopedSource source(open, open(), [&] { return stopped; });
  ASSERT_TRUE(source.Prepare([] { return false; }).ok());
  SourceRecord record;
  ASSERT_TRUE(source.Next(&record).ok());
  stopped = true;
  EXPECT_EQ(source.Next(&record).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace windrow::producer
