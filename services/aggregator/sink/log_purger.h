#ifndef SERVICES_AGGREGATOR_SINK_LOG_PURGER_H_
#define SERVICES_AGGREGATOR_SINK_LOG_PURGER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/topic_admin.h"

namespace windrow::aggregator {

// Deletes records that no restore will need again, on a thread of its own, since nobody waits for
// it. What fails is tried again with a later request of the same partition. Thread-safe.
class LogPurger {
 public:
  static absl::StatusOr<std::unique_ptr<LogPurger>> Create(const kafka::KafkaConfig& config);
  ~LogPurger();
  LogPurger(const LogPurger&) = delete;
  LogPurger& operator=(const LogPurger&) = delete;

  // Asks for the deletion of everything below `offset`. The oldest of too many requests is dropped.
  void Purge(const std::string& topic, int partition, int64_t offset);

 private:
  struct Request {
    std::string topic;
    int partition = 0;
    int64_t offset = 0;
  };

  explicit LogPurger(std::unique_ptr<kafka::TopicAdmin> admin);
  void Run();

  const std::unique_ptr<kafka::TopicAdmin> admin_;
  absl::Mutex mutex_;
  std::deque<Request> requests_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_SINK_LOG_PURGER_H_
