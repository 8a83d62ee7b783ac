// Writes to a real broker, named by WINDROW_TEST_KAFKA (HOST:PORT).
#include "services/producer/sink/topic_writer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/partition_reader.h"

namespace windrow::producer {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr int kPartitions = 3;

class TopicWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const broker = std::getenv("WINDROW_TEST_KAFKA");
    ASSERT_NE(broker, nullptr) << "WINDROW_TEST_KAFKA=HOST:PORT must name a broker";
    config_.bootstrap_servers = broker;
    absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin = kafka::TopicAdmin::Create(config_);
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
    topic_ = absl::StrCat("topic-writer-test-", absl::ToUnixNanos(absl::Now()));
    ASSERT_TRUE(admin_->EnsureTopics({{topic_, kPartitions, {}}}, kPatience).ok());
  }

  std::unique_ptr<TopicWriter> Open() {
    auto writer = TopicWriter::Create(config_, *admin_, topic_, kPatience);
    EXPECT_TRUE(writer.ok()) << writer.status();
    return writer.ok() ? *std::move(writer) : nullptr;
  }

  // The values of a partition; all must be without key.
  std::vector<std::string> Read(int partition) {
    std::vector<std::string> values;
    auto reader = kafka::PartitionReader::Create(config_, {{topic_, partition}});
    EXPECT_TRUE(reader.ok()) << reader.status();
    const absl::Time deadline = absl::Now() + kPatience;
    while (reader.ok() && !(*reader)->at_end() && absl::Now() < deadline) {
      const absl::Status status = (*reader)
                                      ->Read(1000, absl::Milliseconds(100),
                                             [&](const kafka::RecordView& record) {
                                               EXPECT_FALSE(record.has_key);
                                               values.emplace_back(record.value);
                                             })
                                      .status();
      if (!status.ok()) {
        ADD_FAILURE() << status;
        break;
      }
    }
    return values;
  }

  kafka::KafkaConfig config_;
  std::unique_ptr<kafka::TopicAdmin> admin_;
  std::string topic_;
};

TEST_F(TopicWriterTest, RecordNumberDecidesThePartition) {
  constexpr int kRecords = 10'000;
  const auto writer = Open();
  int64_t bytes = 0;
  for (int i = 0; i < kRecords; ++i) {
    const std::string value = absl::StrCat("record ", i);
    bytes += static_cast<int64_t>(value.size());
    ASSERT_TRUE(writer->Write(value, kPatience).ok());
  }
  ASSERT_TRUE(writer->Flush(kPatience).ok());
  EXPECT_EQ(writer->records_acknowledged(), kRecords);
  EXPECT_EQ(writer->bytes_acknowledged(), bytes);
  for (int partition = 0; partition < kPartitions; ++partition) {
    const std::vector<std::string> values = Read(partition);
    ASSERT_EQ(values.size(),
              static_cast<size_t>((kRecords + kPartitions - 1 - partition) / kPartitions));
    for (size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(values[i], absl::StrCat("record ", i * kPartitions + partition));
    }
  }
}

TEST_F(TopicWriterTest, AnotherReplayBeginsAtTheFirstPartition) {
  for (int replay = 0; replay < 2; ++replay) {
    const auto writer = Open();
    ASSERT_TRUE(writer->Write("first", kPatience).ok());
    ASSERT_TRUE(writer->Flush(kPatience).ok());
  }
  EXPECT_EQ(Read(0), (std::vector<std::string>{"first", "first"}));
}

TEST_F(TopicWriterTest, ATopicThatDoesNotExistIsNotFound) {
  const auto writer = TopicWriter::Create(config_, *admin_, topic_ + "-not", kPatience);
  EXPECT_EQ(writer.status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TopicWriterTest, ARecordThatIsTooLargeIsAnError) {
  const auto writer = Open();
  const absl::Status status = writer->Write(std::string(3'000'000, 'x'), kPatience);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  // And the next one goes where it would have gone.
  ASSERT_TRUE(writer->Write("small", kPatience).ok());
  ASSERT_TRUE(writer->Flush(kPatience).ok());
  EXPECT_EQ(Read(0), std::vector<std::string>{"small"});
}

}  // namespace
}  // namespace windrow::producer
