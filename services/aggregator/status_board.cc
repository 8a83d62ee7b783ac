#include "services/aggregator/status_board.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "services/aggregator/proto_time.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/runtime/log.h"

namespace windrow::aggregator {
namespace {

namespace pb = windrow::status::v1;

constexpr absl::Duration kInterval = absl::Seconds(1);
// Between two reports, however much happens.
constexpr absl::Duration kLeastInterval = absl::Milliseconds(20);
constexpr absl::Duration kSendTimeout = absl::Seconds(1);
constexpr absl::Duration kTopicTimeout = absl::Seconds(5);
constexpr absl::Duration kReadSlice = absl::Milliseconds(100);
constexpr absl::Duration kRetry = absl::Seconds(1);
constexpr absl::Duration kRememberDead = absl::Hours(1);
constexpr size_t kMostReplicas = 1000;
// Kafka takes a megabyte.
constexpr size_t kMostBytes = 900'000;

// The log of what was true once is of no use: little of it is kept, so that a start reads little.
const std::map<std::string, std::string>& TopicSettings() {
  static const auto& settings =
      *new std::map<std::string, std::string>{{"cleanup.policy", "compact,delete"},
                                              {"retention.ms", "86400000"},
                                              {"segment.ms", "300000"},
                                              {"segment.bytes", "8388608"},
                                              {"min.cleanable.dirty.ratio", "0.1"},
                                              {"max.compaction.lag.ms", "600000"}};
  return settings;
}

int64_t MonotonicMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// What is left out when it would be too much: the counters, then the workers.
std::string Serialize(pb::ReplicaStatus status) {
  if (status.ByteSizeLong() > kMostBytes) {
    for (pb::PipelineStatus& pipeline : *status.mutable_pipelines()) {
      for (pb::WorkerStatus& worker : *pipeline.mutable_workers()) {
        for (pb::SourcePartitionStatus& source : *worker.mutable_sources()) {
          source.mutable_position()->clear_counters();
        }
      }
    }
  }
  if (status.ByteSizeLong() > kMostBytes) {
    for (pb::PipelineStatus& pipeline : *status.mutable_pipelines()) pipeline.clear_workers();
  }
  return status.SerializeAsString();
}

}  // namespace

StatusBoard::StatusBoard(Options options) : options_(std::move(options)) {
  writer_thread_ = std::thread([this] { RunWriter(); });
  reader_thread_ = std::thread([this] { RunReader(); });
}

StatusBoard::~StatusBoard() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  writer_thread_.join();
  reader_thread_.join();
  if (producer_ == nullptr) return;
  const auto sent =
      producer_->SendAndWait(kTopic, 0, options_.replica, absl::string_view(), kSendTimeout);
  if (!sent.ok()) runtime::LogWarning("stop not told", {{"error", sent.status().ToString()}});
}

void StatusBoard::PublishSoon() {
  absl::MutexLock lock(&mutex_);
  publish_soon_ = true;
}

void StatusBoard::Pause(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopping_), duration);
}

// ---- Writing

void StatusBoard::RunWriter() {
  bool told = true;
  absl::Time last = absl::InfinitePast();
  absl::Time next = absl::InfinitePast();
  while (AwaitNextReport(last, next)) {
    last = absl::Now();
    next = last + kInterval;
    const absl::Status published = Publish();
    if (published.ok() != told) {
      told = published.ok();
      if (told) {
        runtime::LogInfo("status is told again", {});
      } else {
        runtime::LogWarning("status not told", {{"error", std::string(published.message())}});
      }
    }
  }
}

bool StatusBoard::AwaitNextReport(absl::Time last, absl::Time next) {
  absl::MutexLock lock(&mutex_);
  const auto woken = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return publish_soon_ || stopping_;
  };
  mutex_.AwaitWithDeadline(absl::Condition(&woken), next);
  mutex_.AwaitWithDeadline(absl::Condition(&stopping_), last + kLeastInterval);
  publish_soon_ = false;
  return !stopping_;
}

absl::Status StatusBoard::Publish() {
  if (producer_ == nullptr) {
    auto producer = kafka::RecordProducer::Create(options_.kafka);
    if (!producer.ok()) return producer.status();
    producer_ = *std::move(producer);
  }
  return producer_
      ->SendAndWait(kTopic, 0, options_.replica, Serialize(options_.own()), kSendTimeout)
      .status();
}

// ---- Reading

void StatusBoard::RunReader() {
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      if (stopping_) return;
    }
    const absl::Status status = reader_ == nullptr ? Open() : ReadOnce();
    if (status.ok()) continue;
    runtime::LogWarning("status of others unreadable", {{"error", std::string(status.message())}});
    reader_ = nullptr;
    Pause(kRetry);
  }
}

absl::Status StatusBoard::Open() {
  const auto admin = kafka::TopicAdmin::Create(options_.kafka);
  if (!admin.ok()) return admin.status();
  const absl::Status ensured =
      (*admin)->EnsureTopics({{kTopic, 1, TopicSettings()}}, kTopicTimeout);
  if (!ensured.ok()) return ensured;
  auto reader = kafka::PartitionReader::Create(options_.kafka,
                                               {{kTopic, 0, kafka::StartPosition::kBeginning}});
  if (!reader.ok()) return reader.status();
  reader_ = *std::move(reader);
  reading_the_past_ = true;
  return absl::OkStatus();
}

absl::Status StatusBoard::ReadOnce() {
  const auto count =
      reader_->Read(100, kReadSlice, [this](const kafka::RecordView& record) { Take(record); });
  if (!count.ok()) return count.status();
  reading_the_past_ = reading_the_past_ && !reader_->at_end();
  if (*count == 0) return absl::OkStatus();
  absl::MutexLock lock(&mutex_);
  ForgetOldOnes();
  ++version_;
  return absl::OkStatus();
}

void StatusBoard::Take(const kafka::RecordView& record) {
  const std::string replica(record.key);
  pb::ReplicaStatus status;
  const bool readable =
      status.ParseFromArray(record.value.data(), static_cast<int>(record.value.size()));
  absl::MutexLock lock(&mutex_);
  if (record.value.empty()) {
    replicas_.erase(replica);
    liveness_.Forget(replica);
  } else if (readable && status.replica() == replica) {
    replicas_[replica] = std::move(status);
    // Who wrote it long ago need not be alive; if it is, it writes again.
    if (!reading_the_past_) liveness_.Hear(replica, MonotonicMicros());
  } else {
    runtime::LogWarning("status unreadable", {{"offset", record.offset}});
  }
}

void StatusBoard::ForgetOldOnes() {
  const absl::Time oldest = absl::Now() - kRememberDead;
  const int64_t now_us = MonotonicMicros();
  for (auto entry = replicas_.begin(); entry != replicas_.end();) {
    const bool dead = !liveness_.IsAlive(entry->first, now_us);
    if (dead &&
        (ToTime(entry->second.report_time()) < oldest || replicas_.size() > kMostReplicas)) {
      liveness_.Forget(entry->first);
      entry = replicas_.erase(entry);
    } else {
      ++entry;
    }
  }
}

// ---- What is known

std::vector<pb::ReplicaStatus> StatusBoard::Others() const {
  std::vector<pb::ReplicaStatus> others;
  const int64_t now_us = MonotonicMicros();
  absl::MutexLock lock(&mutex_);
  for (const auto& entry : replicas_) {
    if (entry.first == options_.replica || !liveness_.IsAlive(entry.first, now_us)) continue;
    others.push_back(entry.second);
  }
  return others;
}

std::vector<pb::ReplicaStatus> StatusBoard::Alive() const {
  std::vector<pb::ReplicaStatus> alive = {options_.own()};
  for (pb::ReplicaStatus& other : Others()) alive.push_back(std::move(other));
  return alive;
}

std::vector<KnownReplica> StatusBoard::Known() const {
  std::map<std::string, KnownReplica> known;
  const int64_t now_us = MonotonicMicros();
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& entry : replicas_) {
      known[entry.first] = {entry.second, liveness_.IsAlive(entry.first, now_us)};
    }
  }
  known[options_.replica] = {options_.own(), true};
  std::vector<KnownReplica> list;
  for (auto& entry : known) list.push_back(std::move(entry.second));
  return list;
}

void StatusBoard::AwaitNews(uint64_t* version, absl::Time deadline) const {
  absl::MutexLock lock(&mutex_);
  const auto news = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return version_ != *version; };
  mutex_.AwaitWithDeadline(absl::Condition(&news), deadline);
  *version = version_;
}

}  // namespace windrow::aggregator
