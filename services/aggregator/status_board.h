#ifndef SERVICES_AGGREGATOR_STATUS_BOARD_H_
#define SERVICES_AGGREGATOR_STATUS_BOARD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/aggregator/core/replica_liveness.h"
#include "services/aggregator/replica_directory.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/record_producer.h"
#include "windrow/status/v1/status.pb.h"

namespace windrow::aggregator {

// The topic windrow.status: tells the other replicas once a second how this one is, and knows how
// they are. Two threads of its own do both, one to write and one to read, so that nobody else ever
// waits for Kafka; while that is away, the others are as they were. Thread-safe.
class StatusBoard : public ReplicaDirectory {
 public:
  static constexpr char kTopic[] = "windrow.status";

  struct Options {
    kafka::KafkaConfig kafka;
    std::string replica;
    // What there is to tell; called from any thread.
    std::function<windrow::status::v1::ReplicaStatus()> own;
  };

  // Returns at once; the topic is made and read in the background.
  explicit StatusBoard(Options options);
  // Says that this replica stops.
  ~StatusBoard() override;
  StatusBoard(const StatusBoard&) = delete;
  StatusBoard& operator=(const StatusBoard&) = delete;

  // Tells of something that the others wait for; returns at once.
  void PublishSoon();

  std::vector<windrow::status::v1::ReplicaStatus> Alive() const override;
  std::vector<KnownReplica> Known() const override;
  void AwaitNews(uint64_t* version, absl::Time deadline) const override;

  // Alive() without this replica.
  std::vector<windrow::status::v1::ReplicaStatus> Others() const;

 private:
  void RunWriter();
  void RunReader();
  // False when there is nothing more to tell.
  bool AwaitNextReport(absl::Time last, absl::Time next);
  absl::Status Publish();
  absl::Status Open();
  absl::Status ReadOnce();
  void Take(const kafka::RecordView& record);
  void ForgetOldOnes() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pause(absl::Duration duration);

  const Options options_;
  // Of the writer's thread.
  std::unique_ptr<kafka::RecordProducer> producer_;
  // Of the reader's thread.
  std::unique_ptr<kafka::PartitionReader> reader_;
  // Whether what is read was written before anybody listened.
  bool reading_the_past_ = true;

  mutable absl::Mutex mutex_;
  std::map<std::string, windrow::status::v1::ReplicaStatus> replicas_ ABSL_GUARDED_BY(mutex_);
  ReplicaLiveness liveness_ ABSL_GUARDED_BY(mutex_);
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 1;
  bool publish_soon_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread writer_thread_;
  std::thread reader_thread_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_STATUS_BOARD_H_
