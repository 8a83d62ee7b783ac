// KafkaCluster keeps what record_log/log_contract.h states, with a real broker, named by
// WINDROW_TEST_KAFKA (HOST:PORT), whose group.min.session.timeout.ms is 1000.
#include <cstdlib>

#include "absl/time/clock.h"
#include "services/platform/kafka/group_metadata.h"
#include "services/platform/kafka/kafka_cluster.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/record_producer.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/record_log/log_contract.h"

namespace windrow::kafka {
namespace {

using record_log::TopicPartition;

constexpr absl::Duration kPatience = absl::Seconds(20);

KafkaConfig TestKafka() {
  KafkaConfig config;
  const char* const broker = std::getenv("WINDROW_TEST_KAFKA");
  EXPECT_NE(broker, nullptr) << "WINDROW_TEST_KAFKA=HOST:PORT must name a broker";
  if (broker != nullptr) config.bootstrap_servers = broker;
  return config;
}

class KafkaHarness : public record_log::LogHarness {
 public:
  record_log::Cluster& cluster() override { return cluster_; }
  const runtime::Clock& clock() override { return runtime::Clock::System(); }
  void Sleep(absl::Duration duration) override { absl::SleepFor(duration); }
  void CreateTopic(const std::string& topic, int partitions) override {
    ASSERT_TRUE(admin_->EnsureTopics({{topic, partitions, {}}}, kPatience).ok());
  }
  void Append(const TopicPartition& partition, const std::string& value) override {
    ASSERT_TRUE(producer_->Send(partition.first, partition.second, "", value, kPatience).ok());
    ASSERT_TRUE(producer_->Flush(kPatience).ok());
  }
  void DeleteRecordsBefore(const TopicPartition& partition, int64_t offset) override {
    ASSERT_TRUE(
        admin_->DeleteRecordsBefore(partition.first, partition.second, offset, kPatience).ok());
  }
  int64_t End(const TopicPartition& partition) override {
    return admin_->QueryOffsets(partition.first, partition.second, kPatience)->end;
  }
  record_log::GroupMetadataHandle MetadataOfNoMember(const std::string& group) override {
    return ClientGroupMetadata::OfNoMember(group);
  }

 private:
  const KafkaConfig config_ = TestKafka();
  KafkaCluster cluster_{config_};
  const std::unique_ptr<TopicAdmin> admin_ = *TopicAdmin::Create(config_);
  const std::unique_ptr<RecordProducer> producer_ = *RecordProducer::Create(config_);
};

}  // namespace
}  // namespace windrow::kafka

namespace windrow::record_log {

INSTANTIATE_TEST_SUITE_P(Kafka, LogContract, testing::Values([] {
                           return std::unique_ptr<LogHarness>(new kafka::KafkaHarness);
                         }));

}  // namespace windrow::record_log
