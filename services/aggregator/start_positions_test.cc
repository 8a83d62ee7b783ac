// Where incarnations begin, on a real broker: one is named by WINDROW_TEST_KAFKA (HOST:PORT).
#include "services/aggregator/start_positions.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/platform/kafka/group_offsets.h"
#include "services/platform/kafka/record_producer.h"

namespace windrow::aggregator {
namespace {

constexpr int kPartitions = 2;
constexpr absl::Duration kPatience = absl::Seconds(20);

class StartPositionsTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const broker = std::getenv("WINDROW_TEST_KAFKA");
    ASSERT_NE(broker, nullptr) << "WINDROW_TEST_KAFKA=HOST:PORT must name a broker";
    config_.bootstrap_servers = broker;
    plan_.id = absl::StrCat("t-", absl::ToUnixMicros(absl::Now()));
    plan_.incarnation = 2;
    plan_.source_topic = plan_.id + ".source";
    plan_.merge_partitions = 1;
    topics_ = std::make_unique<PipelineTopics>(plan_.id, plan_.incarnation);
    auto admin = kafka::TopicAdmin::Create(config_);
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
    const absl::Status made = admin_->EnsureTopics(
        {{plan_.source_topic, kPartitions, {}}, {topics_->partials, 1, {}}}, kPatience);
    ASSERT_TRUE(made.ok()) << made;
    auto producer = kafka::RecordProducer::Create(config_);
    ASSERT_TRUE(producer.ok()) << producer.status();
    producer_ = *std::move(producer);
  }

  void Send(const std::string& topic, int partition, int count) {
    for (int i = 0; i < count; ++i) {
      const auto sent = producer_->SendAndWait(topic, partition, "", "{}", kPatience);
      ASSERT_TRUE(sent.ok()) << sent.status();
    }
  }

  absl::Status Fix(ControlledStart::Kind kind, int64_t time_ms = 0) {
    ControlledStart start;
    start.kind = kind;
    start.record_time_ms = time_ms;
    return FixStartPositions(config_, admin_.get(), plan_, start, kPartitions, kPatience);
  }

  // By partition; -1 where nothing is stored.
  std::vector<int64_t> Stored() {
    std::vector<int64_t> stored(kPartitions, -1);
    const auto group = kafka::GroupOffsets::Open(config_, topics_->group);
    EXPECT_TRUE(group.ok()) << group.status();
    std::vector<kafka::TopicPartition> partitions;
    for (int p = 0; p < kPartitions; ++p) partitions.emplace_back(plan_.source_topic, p);
    const auto offsets = (*group)->Read(partitions, kPatience);
    EXPECT_TRUE(offsets.ok()) << offsets.status();
    for (const auto& offset : *offsets) {
      if (!offset.second.offset.has_value()) continue;
      stored[offset.first.second] = *offset.second.offset;
      const auto position = DecodeSourceCheckpoint(offset.second.metadata);
      EXPECT_TRUE(position.ok()) << position.status();
      EXPECT_EQ(position->max_event_time, kNever);
      EXPECT_EQ(position->counters.read, 0);
    }
    return stored;
  }

  kafka::KafkaConfig config_;
  PipelinePlan plan_;
  std::unique_ptr<PipelineTopics> topics_;
  std::unique_ptr<kafka::TopicAdmin> admin_;
  std::unique_ptr<kafka::RecordProducer> producer_;
};

TEST_F(StartPositionsTest, TheEarliestRecordNeedsNothing) {
  Send(plan_.source_topic, 0, 2);
  ASSERT_TRUE(Fix(ControlledStart::Kind::kEarliest).ok());
  EXPECT_EQ(Stored(), (std::vector<int64_t>{-1, -1}));
}

TEST_F(StartPositionsTest, TheLatestIsFixedOnce) {
  Send(plan_.source_topic, 0, 3);
  ASSERT_TRUE(Fix(ControlledStart::Kind::kLatest).ok());
  EXPECT_EQ(Stored(), (std::vector<int64_t>{3, 0}));
  Send(plan_.source_topic, 0, 2);
  Send(plan_.source_topic, 1, 1);
  ASSERT_TRUE(Fix(ControlledStart::Kind::kLatest).ok());
  EXPECT_EQ(Stored(), (std::vector<int64_t>{3, 0}));
}

TEST_F(StartPositionsTest, ATimeIsFoundInEachPartition) {
  Send(plan_.source_topic, 0, 3);
  // Kafka's timestamps are in milliseconds.
  absl::SleepFor(absl::Milliseconds(5));
  const int64_t now = absl::ToUnixMillis(absl::Now());
  Send(plan_.source_topic, 0, 2);
  Send(plan_.source_topic, 1, 1);
  ASSERT_TRUE(Fix(ControlledStart::Kind::kRecordTime, now).ok());
  EXPECT_EQ(Stored(), (std::vector<int64_t>{3, 0}));
}

TEST_F(StartPositionsTest, ATimeToComeIsTheEnd) {
  Send(plan_.source_topic, 0, 3);
  ASSERT_TRUE(
      Fix(ControlledStart::Kind::kRecordTime, absl::ToUnixMillis(absl::Now() + absl::Hours(1)))
          .ok());
  EXPECT_EQ(Stored(), (std::vector<int64_t>{3, 0}));
}

TEST_F(StartPositionsTest, OffsetsThatWereLostAreNotFixedAnew) {
  Send(plan_.source_topic, 0, 3);
  Send(topics_->partials, 0, 1);
  ASSERT_TRUE(Fix(ControlledStart::Kind::kLatest).ok());
  EXPECT_EQ(Stored(), (std::vector<int64_t>{-1, -1}));
}

// While records arrive, many prepare at once: whoever says that it is fixed says so of the same.
TEST_F(StartPositionsTest, AllAgree) {
  std::vector<std::thread> threads;
  std::vector<std::vector<int64_t>> seen(4);
  std::thread writer([this] { Send(plan_.source_topic, 0, 200); });
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, i, &seen] {
      const absl::Time deadline = absl::Now() + kPatience;
      // Who is fenced tries again, as a runner does.
      while (!Fix(ControlledStart::Kind::kLatest).ok() && absl::Now() < deadline) continue;
      seen[i] = Stored();
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer.join();
  for (const auto& offsets : seen) EXPECT_EQ(offsets, seen[0]);
  EXPECT_GE(seen[0][0], 0);
  EXPECT_EQ(seen[0], Stored());
}

}  // namespace
}  // namespace windrow::aggregator
