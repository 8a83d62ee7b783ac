#include "services/platform/kafka/group_consumer.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "services/platform/kafka/client_end.h"
#include "services/platform/kafka/log_offsets.h"
#include "services/platform/kafka/record_view.h"
#include "services/platform/runtime/log.h"

namespace windrow::kafka {
namespace {

// Messages ahead of the one that is visited.
constexpr int kPrefetch = 4;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

// Generation of the member; negative while it has none. librdkafka offers it only inside the
// serialized form: "CGMDv2:", then the generation as four bytes in the machine's order.
int32_t GenerationOf(const rd_kafka_consumer_group_metadata_t* metadata) {
  constexpr char kMagic[] = "CGMDv2:";
  constexpr size_t kMagicSize = sizeof(kMagic) - 1;
  void* buffer = nullptr;
  size_t size = 0;
  const ErrorHandle error(rd_kafka_consumer_group_metadata_write(metadata, &buffer, &size));
  if (error != nullptr) return -1;
  int32_t generation = -1;
  if (size >= kMagicSize + sizeof(generation) && std::memcmp(buffer, kMagic, kMagicSize) == 0) {
    std::memcpy(&generation, static_cast<char*>(buffer) + kMagicSize, sizeof(generation));
  }
  rd_kafka_mem_free(nullptr, buffer);
  return generation;
}

// A client that reads nothing and is in no group. The session's timeout is of no use to it, but
// librdkafka compares it with the interval between polls, which a user may have set.
absl::StatusOr<rd_kafka_t*> NewEndClient(const KafkaConfig& config, absl::Duration session) {
  absl::StatusOr<ConfHandle> conf =
      MakeConf(config, {
                           {"group.id", "windrow-reader"},
                           {"isolation.level", "read_committed"},
                           {"enable.auto.commit", "false"},
                           {"session.timeout.ms", absl::StrCat(Milliseconds(session))},
                           {"socket.timeout.ms", "5000"},
                       });
  if (!conf.ok()) return conf.status();
  return NewClient(RD_KAFKA_CONSUMER, *std::move(conf));
}

// Compressed. A queue exceeds its bound by what one answer holds.
int FetchBytes(const GroupConsumer::Options& options) {
  constexpr int kLikelyCompression = 8;
  constexpr int kLeast = 32 * 1024;
  constexpr int kMost = 256 * 1024;
  return std::clamp(options.queued_kilobytes_per_partition * (1024 / kLikelyCompression), kLeast,
                    kMost);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GroupConsumer>> GroupConsumer::Create(const KafkaConfig& config,
                                                                     const Options& options,
                                                                     AssignmentListener* listener) {
  absl::StatusOr<ConfHandle> conf = MakeConf(
      config,
      {
          {"group.id", options.group},
          {"isolation.level", "read_committed"},
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"enable.partition.eof", "true"},
          // Lost input is reported, never skipped.
          {"auto.offset.reset", "error"},
          // Eager and dynamic: 1 to 4 workers in half a second, where cooperative-sticky took five.
          {"partition.assignment.strategy", "roundrobin"},
          {"heartbeat.interval.ms", "200"},
          {"session.timeout.ms", absl::StrCat(Milliseconds(options.session_timeout))},
          {"max.poll.interval.ms", "30000"},
          {"socket.timeout.ms", "5000"},
          {"topic.metadata.refresh.interval.ms", "10000"},
          // The bytes bound the memory; the count is out of reach.
          {"queued.min.messages", "10000000"},
          {"queued.max.messages.kbytes", absl::StrCat(options.queued_kilobytes_per_partition)},
          // A partition whose queue is full would not be fetched for a whole second.
          {"fetch.queue.backoff.ms", "1"},
          {"fetch.message.max.bytes", absl::StrCat(FetchBytes(options))},
          // There is one request at a time: one for partitions without records holds up all others.
          {"fetch.wait.max.ms", "20"},
          {"fetch.error.backoff.ms", "20"},
      });
  if (!conf.ok()) return conf.status();
  auto consumer = std::unique_ptr<GroupConsumer>(new GroupConsumer(listener, options));
  rd_kafka_conf_set_opaque(conf->get(), consumer.get());
  rd_kafka_conf_set_rebalance_cb(conf->get(), &GroupConsumer::OnRebalance);
  absl::StatusOr<rd_kafka_t*> client = NewClient(RD_KAFKA_CONSUMER, *std::move(conf));
  if (!client.ok()) return client.status();
  consumer->client_ = *client;
  rd_kafka_poll_set_consumer(*client);
  absl::StatusOr<rd_kafka_t*> end_client = NewEndClient(config, options.session_timeout);
  if (!end_client.ok()) return end_client.status();
  consumer->end_client_ = *end_client;

  std::vector<TopicPartition> topics;
  for (const std::string& topic : options.topics) topics.emplace_back(topic, RD_KAFKA_PARTITION_UA);
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(*client, MakePartitionList(topics).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return KafkaError(code, absl::StrCat("subscribe as group ", options.group));
  }
  return consumer;
}

GroupConsumer::~GroupConsumer() {
  if (end_client_ != nullptr) EndClient(end_client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  if (client_ == nullptr) return;
  ForgetQueues();
  EndClient(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void GroupConsumer::ForgetQueues() {
  for (const auto& entry : queues_) {
    // The client may keep the queue for longer than we live.
    rd_kafka_queue_cb_event_enable(entry.second.get(), nullptr, nullptr);
  }
  queues_.clear();
}

void GroupConsumer::OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t code,
                                rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto* self = static_cast<GroupConsumer*>(opaque);
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    std::vector<TopicPartition> assigned;
    for (int i = 0; i < partitions->cnt; ++i) {
      assigned.emplace_back(partitions->elems[i].topic, partitions->elems[i].partition);
    }
    self->joined_ = true;
    self->listener_->OnAssigned(assigned);
    return;
  }
  const bool lost =
      code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS || rd_kafka_assignment_lost(client) != 0;
  self->listener_->OnRevoked(lost);
  self->Unassign();
}

void GroupConsumer::Unassign() {
  ForgetQueues();
  rd_kafka_assign(client_, nullptr);
}

absl::Status GroupConsumer::Assign(const std::map<TopicPartition, int64_t>& starts) {
  ForgetQueues();
  TopicPartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(starts.size())));
  for (const auto& start : starts) {
    const TopicPartition& partition = start.first;
    rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)
        ->offset = start.second;
    QueueHandle queue(
        rd_kafka_queue_get_partition(client_, partition.first.c_str(), partition.second));
    if (queue == nullptr) {
      return absl::InternalError(
          absl::StrCat("no queue for ", partition.first, "-", partition.second));
    }
    // Before the assignment, so that no record goes to the consumer's common queue.
    rd_kafka_queue_forward(queue.get(), nullptr);
    if (options_.on_wakeup != nullptr) {
      rd_kafka_queue_cb_event_enable(
          queue.get(),
          [](rd_kafka_t*, void* opaque) {
            const auto* self = static_cast<GroupConsumer*>(opaque);
            self->options_.on_wakeup(self->options_.wakeup_opaque);
          },
          this);
    }
    queues_[partition] = std::move(queue);
  }
  // Unassign first: the same partition at another offset must drop what it had fetched.
  rd_kafka_assign(client_, nullptr);
  const rd_kafka_resp_err_t code = rd_kafka_assign(client_, list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaError(code, "assign partitions");
  return absl::OkStatus();
}

// librdkafka looks after the group when something wakes its main thread, and the connection to the
// group's coordinator does not: a join waited half a second for a timer.
void GroupConsumer::WakeClient() const {
  rd_kafka_topic_partition_list_t* subscription = nullptr;
  if (rd_kafka_subscription(client_, &subscription) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_topic_partition_list_destroy(subscription);
  }
}

absl::Status GroupConsumer::Poll(absl::Duration timeout) {
  if (!joined_) WakeClient();
  const MessageHandle message(rd_kafka_consumer_poll(client_, Milliseconds(timeout)));
  if (message == nullptr || message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  char reason[512];
  const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(client_, reason, sizeof(reason));
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::InternalError(absl::StrCat("Kafka consumer failed: ", reason));
  }
  if (message->err == RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT) {
    return absl::OutOfRangeError("the broker does not allow so short a session timeout");
  }
  runtime::LogWarning("consumer event", {{"group", options_.group},
                                         {"error", rd_kafka_err2name(message->err)},
                                         {"detail", rd_kafka_message_errstr(message.get())}});
  return absl::OkStatus();
}

absl::StatusOr<int> GroupConsumer::Read(const TopicPartition& partition, int max_events,
                                        absl::FunctionRef<void(const Event&)> visit) {
  const auto found = queues_.find(partition);
  if (found == queues_.end()) return 0;
  if (batch_.size() < static_cast<size_t>(max_events)) batch_.resize(max_events);
  const auto count =
      rd_kafka_consume_batch_queue(found->second.get(), 0, batch_.data(), max_events);
  absl::Status failure;
  for (int i = 0; i < count; ++i) {
    // Written by another thread, so not in the cache. Not a function: GCC takes it for a pure one.
    if (i + kPrefetch < count) __builtin_prefetch(batch_[i + kPrefetch]);
    const MessageHandle message(batch_[i]);
    if (!failure.ok()) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const record_log::Record record = RecordOf(*message);
      visit({&record, message->offset});
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      visit({nullptr, message->offset});
    } else {
      failure =
          KafkaError(message->err, absl::StrCat("read ", partition.first, "-", partition.second,
                                                " at offset ", message->offset));
    }
  }
  if (!failure.ok()) return failure;
  return static_cast<int>(count < 0 ? 0 : count);
}

absl::StatusOr<std::map<TopicPartition, CommittedOffset>> GroupConsumer::Committed(
    const std::vector<TopicPartition>& partitions, absl::Duration timeout) {
  return ReadCommittedOffsets(client_, partitions, timeout);
}

absl::StatusOr<std::pair<int64_t, int64_t>> GroupConsumer::QueryOffsets(
    const TopicPartition& partition, absl::Duration timeout) {
  return QueryLogOffsets(end_client_, partition.first, partition.second, absl::Now() + timeout);
}

int64_t GroupConsumer::LogEnd(const TopicPartition& partition) const {
  int64_t begin = 0;
  int64_t end = -1;
  if (rd_kafka_get_watermark_offsets(client_, partition.first.c_str(), partition.second, &begin,
                                     &end) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return -1;
  }
  // Not known yet is a large negative number.
  return std::max<int64_t>(end, -1);
}

GroupMetadataHandle GroupConsumer::CaptureGroupMetadata() const {
  if (rd_kafka_assignment_lost(client_) != 0) return nullptr;
  ClientGroupMetadata::Handle metadata(rd_kafka_consumer_group_metadata(client_));
  if (metadata == nullptr || GenerationOf(metadata.get()) < 0) return nullptr;
  return std::make_unique<ClientGroupMetadata>(std::move(metadata));
}

int GroupConsumer::PartitionCount(const std::string& topic, absl::Duration timeout) const {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
  const struct rd_kafka_metadata* metadata = nullptr;
  int count = 0;
  if (rd_kafka_metadata(client_, 0, handle, &metadata, Milliseconds(timeout)) ==
          RD_KAFKA_RESP_ERR_NO_ERROR &&
      metadata->topic_cnt == 1) {
    count = metadata->topics[0].partition_cnt;
  }
  if (metadata != nullptr) rd_kafka_metadata_destroy(metadata);
  rd_kafka_topic_destroy(handle);
  return count;
}

absl::Status GroupConsumer::Close(absl::Duration timeout) {
  QueueHandle queue(rd_kafka_queue_new(client_));
  const ErrorHandle error(rd_kafka_consumer_close_queue(client_, queue.get()));
  if (error != nullptr) return KafkaError(rd_kafka_error_code(error.get()), "leave the group");
  const absl::Time deadline = absl::Now() + timeout;
  while (rd_kafka_consumer_closed(client_) == 0) {
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError("Kafka did not confirm in time that the worker left");
    }
    // Serves the revocation, which calls OnRebalance.
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue.get(), 50);
    if (event == nullptr) continue;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE) {
      OnRebalance(client_, rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event),
                  this);
    }
    rd_kafka_event_destroy(event);
  }
  return absl::OkStatus();
}

}  // namespace windrow::kafka
