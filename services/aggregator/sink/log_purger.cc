#include "services/aggregator/sink/log_purger.h"

#include <utility>

#include "absl/time/time.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

constexpr size_t kMaxRequests = 1000;
constexpr absl::Duration kTimeout = absl::Seconds(3);

}  // namespace

absl::StatusOr<std::unique_ptr<LogPurger>> LogPurger::Create(const kafka::KafkaConfig& config) {
  absl::StatusOr<std::unique_ptr<kafka::TopicAdmin>> admin = kafka::TopicAdmin::Create(config);
  if (!admin.ok()) return admin.status();
  return std::unique_ptr<LogPurger>(new LogPurger(*std::move(admin)));
}

LogPurger::LogPurger(std::unique_ptr<kafka::TopicAdmin> admin)
    : admin_(std::move(admin)), thread_([this] { Run(); }) {}

LogPurger::~LogPurger() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void LogPurger::Purge(const std::string& topic, int partition, int64_t offset) {
  absl::MutexLock lock(&mutex_);
  if (requests_.size() >= kMaxRequests) requests_.pop_front();
  requests_.push_back({topic, partition, offset});
}

void LogPurger::Run() {
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !requests_.empty() || stopping_;
  };
  for (;;) {
    Request request;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&ready));
      if (stopping_) return;
      request = std::move(requests_.front());
      requests_.pop_front();
    }
    const absl::Status status =
        admin_->DeleteRecordsBefore(request.topic, request.partition, request.offset, kTimeout);
    if (!status.ok()) {
      runtime::LogWarning("log not purged", {{"topic", request.topic},
                                             {"partition", request.partition},
                                             {"error", std::string(status.message())}});
    }
  }
}

}  // namespace windrow::aggregator
