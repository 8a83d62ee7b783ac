#ifndef SERVICES_PLATFORM_RECORD_LOG_LOG_CONTRACT_H_
#define SERVICES_PLATFORM_RECORD_LOG_LOG_CONTRACT_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "services/platform/record_log/cluster.h"
#include "services/platform/runtime/clock.h"

namespace windrow::record_log {

// A cluster to try, with what only its administration can do.
class LogHarness {
 public:
  virtual ~LogHarness() = default;

  virtual Cluster& cluster() = 0;
  virtual const runtime::Clock& clock() = 0;
  virtual void Sleep(absl::Duration duration) = 0;

  virtual void CreateTopic(const std::string& topic, int partitions) = 0;
  // Outside of any transaction.
  virtual void Append(const TopicPartition& partition, const std::string& value) = 0;
  virtual void DeleteRecordsBefore(const TopicPartition& partition, int64_t offset) = 0;
  // The high watermark.
  virtual int64_t End(const TopicPartition& partition) = 0;
  // Metadata of a group of which it is no member.
  virtual GroupMetadataHandle MetadataOfNoMember(const std::string& group) = 0;
};

// What the product relies on, of every log: instantiated with a function that makes the harness, or
// returns null to skip.
class LogContract : public testing::TestWithParam<std::function<std::unique_ptr<LogHarness>()>> {
 protected:
  void SetUp() override;

  TopicPartition Part(int partition) const { return {topic_, partition}; }
  absl::Time In(absl::Duration duration) const { return harness_->clock().Now() + duration; }
  absl::Time Deadline() const;
  void MakeTopic(int partitions) { harness_->CreateTopic(topic_, partitions); }
  std::unique_ptr<TransactionalProducer> Producer(const std::string& id = "",
                                                  absl::Duration timeout = absl::Seconds(10));
  // Values of the committed records of a partition, from `begin` to its visible end.
  std::vector<std::string> Visible(int partition = 0, int64_t begin = 0);

  std::unique_ptr<LogHarness> harness_;
  // Of this test only; also the group's name.
  std::string topic_;
  GroupConsumer::Options options_;
};

}  // namespace windrow::record_log

#endif  // SERVICES_PLATFORM_RECORD_LOG_LOG_CONTRACT_H_
