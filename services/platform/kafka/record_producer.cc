#include "services/platform/kafka/record_producer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace windrow::kafka {
namespace {

constexpr absl::Duration kFlushAtEnd = absl::Seconds(5);
constexpr absl::Duration kPurgeAtEnd = absl::Seconds(1);
// How long one call into librdkafka may wait, so that the others are looked after.
constexpr absl::Duration kPollSlice = absl::Milliseconds(10);
constexpr absl::Duration kServeSlice = absl::Milliseconds(100);

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(std::clamp(
      absl::Ceil(duration, absl::Milliseconds(1)), absl::ZeroDuration(), absl::Hours(24))));
}

// A mark as what librdkafka carries along with a record: odd, so that it is no pointer.
void* FromMark(int64_t mark) {
  return mark < 0 ? nullptr : reinterpret_cast<void*>((static_cast<uintptr_t>(mark) << 1) | 1);
}

bool IsMark(const void* carried) { return (reinterpret_cast<uintptr_t>(carried) & 1) != 0; }

int64_t ToMark(const void* carried) {
  return IsMark(carried) ? static_cast<int64_t>(reinterpret_cast<uintptr_t>(carried) >> 1) : -1;
}

std::string ContextOf(const rd_kafka_message_t& message) {
  return absl::StrCat("produce to ", rd_kafka_topic_name(message.rkt), " partition ",
                      message.partition);
}

}  // namespace

// What SendAndWait waits for; shared with the delivery report, which may come after it gave up.
struct RecordProducer::Receipt {
  absl::Mutex mutex;
  bool done ABSL_GUARDED_BY(mutex) = false;
  absl::StatusOr<int64_t> offset ABSL_GUARDED_BY(mutex) = -1;
};

absl::StatusOr<std::unique_ptr<RecordProducer>> RecordProducer::Create(const KafkaConfig& config) {
  absl::StatusOr<ConfHandle> conf = MakeConf(config, {
                                                         {"enable.idempotence", "true"},
                                                         {"acks", "all"},
                                                         {"linger.ms", "5"},
                                                         {"queue.buffering.max.messages", "200000"},
                                                         {"queue.buffering.max.kbytes", "65536"},
                                                     });
  if (!conf.ok()) return conf.status();
  std::unique_ptr<RecordProducer> producer(new RecordProducer);
  rd_kafka_conf_set_opaque(conf->get(), producer.get());
  rd_kafka_conf_set_dr_msg_cb(conf->get(), OnDelivery);
  absl::StatusOr<rd_kafka_t*> client = NewClient(RD_KAFKA_PRODUCER, *std::move(conf));
  if (!client.ok()) return client.status();
  producer->client_ = *client;
  producer->server_ = std::thread([raw = producer.get()] { raw->ServeDeliveryReports(); });
  return producer;
}

RecordProducer::~RecordProducer() {
  if (client_ == nullptr) return;
  rd_kafka_flush(client_, Milliseconds(kFlushAtEnd));
  // What is left is given up, which still makes its delivery reports: they own receipts.
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(client_, Milliseconds(kPurgeAtEnd));
  stopping_.store(true);
  server_.join();
  for (const auto& topic : topics_) rd_kafka_topic_destroy(topic.second);
  rd_kafka_destroy(client_);
}

void RecordProducer::ServeDeliveryReports() {
  while (!stopping_.load()) rd_kafka_poll(client_, Milliseconds(kServeSlice));
}

void RecordProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  RecordProducer& producer = *static_cast<RecordProducer*>(opaque);
  const std::unique_ptr<std::shared_ptr<Receipt>> receipt(
      IsMark(message->_private) ? nullptr
                                : static_cast<std::shared_ptr<Receipt>*>(message->_private));
  absl::Status failure;
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    producer.records_acknowledged_.fetch_add(1, std::memory_order_relaxed);
    producer.bytes_acknowledged_.fetch_add(static_cast<int64_t>(message->len + message->key_len),
                                           std::memory_order_relaxed);
  } else {
    failure = KafkaError(message->err, ContextOf(*message));
  }
  if (receipt != nullptr) {
    absl::MutexLock lock(&(*receipt)->mutex);
    (*receipt)->done = true;
    if (failure.ok()) {
      (*receipt)->offset = message->offset;
    } else {
      (*receipt)->offset = failure;
    }
  } else if (!failure.ok()) {
    producer.SetFirstFailure(std::move(failure), ToMark(message->_private));
  }
}

void RecordProducer::SetFirstFailure(absl::Status failure, int64_t mark) {
  absl::MutexLock lock(&mutex_);
  if (first_failure_.ok() || (mark >= 0 && mark < failed_mark_)) {
    first_failure_ = std::move(failure);
    failed_mark_ = mark;
  }
  failed_.store(true);
}

// The first record of a topic that the client has not met would wait, up to a second, for the next
// scan of all topics. A failure is not ours: the record will have it.
void RecordProducer::MeetTopic(const std::string& topic, absl::Duration timeout) {
  {
    absl::ReaderMutexLock lock(&topics_mutex_);
    if (topics_.contains(topic)) return;
  }
  rd_kafka_topic_t* const handle = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
  if (handle == nullptr) return;
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client_, 0, handle, &metadata, Milliseconds(timeout)) ==
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_metadata_destroy(metadata);
  }
  absl::MutexLock lock(&topics_mutex_);
  if (!topics_.emplace(topic, handle).second) rd_kafka_topic_destroy(handle);
}

absl::Status RecordProducer::Enqueue(absl::string_view topic, int partition, absl::string_view key,
                                     absl::string_view value, absl::Duration timeout,
                                     const RecordHeaders& headers, void* receipt) {
  const std::string topic_name(topic);
  HeadersHandle list = MakeHeaders(headers);
  const absl::Time deadline = absl::Now() + timeout;
  MeetTopic(topic_name, timeout);
  while (true) {
    const rd_kafka_resp_err_t code =
        rd_kafka_producev(client_, RD_KAFKA_V_TOPIC(topic_name.c_str()),
                          RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key.data(), key.size()),
                          RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(list.get()),
                          RD_KAFKA_V_OPAQUE(receipt), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      (void)list.release();  // librdkafka's now.
      return absl::OkStatus();
    }
    const std::string context = absl::StrCat("produce to ", topic, " partition ", partition);
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return KafkaError(code, context);
    const absl::Duration left = deadline - absl::Now();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError(absl::StrCat(context, ": the queue is full"));
    }
    rd_kafka_poll(client_, Milliseconds(std::min(left, kPollSlice)));
  }
}

absl::Status RecordProducer::Send(absl::string_view topic, int partition, absl::string_view key,
                                  absl::string_view value, absl::Duration timeout, int64_t mark,
                                  const RecordHeaders& headers) {
  if (failed_.load(std::memory_order_acquire)) {
    absl::MutexLock lock(&mutex_);
    return first_failure_;
  }
  return Enqueue(topic, partition, key, value, timeout, headers, FromMark(mark));
}

int64_t RecordProducer::failed_mark() const {
  absl::MutexLock lock(&mutex_);
  return failed_mark_;
}

absl::StatusOr<int64_t> RecordProducer::SendAndWait(absl::string_view topic, int partition,
                                                    absl::string_view key, absl::string_view value,
                                                    absl::Duration timeout,
                                                    const RecordHeaders& headers) {
  const absl::Time deadline = absl::Now() + timeout;
  const auto receipt = std::make_shared<Receipt>();
  // Owned by the delivery report, of which there is one for each record enqueued.
  auto owned = std::make_unique<std::shared_ptr<Receipt>>(receipt);
  const absl::Status status = Enqueue(topic, partition, key, value, timeout, headers, owned.get());
  if (!status.ok()) return status;
  (void)owned.release();

  absl::MutexLock lock(&receipt->mutex);
  if (!receipt->mutex.AwaitWithDeadline(absl::Condition(&receipt->done), deadline)) {
    return absl::DeadlineExceededError(absl::StrCat("produce to ", topic, " partition ", partition,
                                                    ": no acknowledgement in time"));
  }
  return receipt->offset;
}

absl::Status RecordProducer::Flush(absl::Duration timeout) {
  const rd_kafka_resp_err_t code = rd_kafka_flush(client_, Milliseconds(timeout));
  {
    absl::MutexLock lock(&mutex_);
    if (!first_failure_.ok()) return first_failure_;
  }
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return KafkaError(code, absl::StrCat("wait for ", rd_kafka_outq_len(client_), " records"));
}

}  // namespace windrow::kafka
