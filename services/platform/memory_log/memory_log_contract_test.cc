// MemoryCluster keeps what record_log/log_contract.h states.
#include "services/platform/memory_log/disturbance.h"
#include "services/platform/memory_log/memory_cluster.h"
#include "services/platform/memory_log/virtual_clock.h"
#include "services/platform/record_log/log_contract.h"

namespace windrow::memory_log {
namespace {

using record_log::TopicPartition;

class MemoryHarness : public record_log::LogHarness {
 public:
  record_log::Cluster& cluster() override { return cluster_; }
  const runtime::Clock& clock() override { return clock_; }
  void Sleep(absl::Duration duration) override { clock_.Advance(duration); }
  void CreateTopic(const std::string& topic, int partitions) override {
    cluster_.CreateTopic(topic, partitions);
  }
  void Append(const TopicPartition& partition, const std::string& value) override {
    StoredRecord record;
    record.has_value = true;
    record.value = value;
    cluster_.Append(partition, std::move(record));
  }
  void DeleteRecordsBefore(const TopicPartition& partition, int64_t offset) override {
    cluster_.DeleteRecordsBefore(partition, offset);
  }
  int64_t End(const TopicPartition& partition) override { return cluster_.Log(partition).end(); }
  record_log::GroupMetadataHandle MetadataOfNoMember(const std::string& group) override {
    auto metadata = std::make_unique<MemberMetadata>();
    metadata->group = group;
    return metadata;
  }

 private:
  VirtualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  Disturbance undisturbed_;
  MemoryCluster cluster_{&clock_, &undisturbed_};
};

}  // namespace
}  // namespace windrow::memory_log

namespace windrow::record_log {

INSTANTIATE_TEST_SUITE_P(Memory, LogContract, testing::Values([] {
                           return std::unique_ptr<LogHarness>(new memory_log::MemoryHarness);
                         }));

}  // namespace windrow::record_log
