#include "services/platform/kafka/transactional_producer.h"

#include <algorithm>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "services/platform/kafka/group_metadata.h"
#include "services/platform/kafka/record_headers.h"

namespace windrow::kafka {
namespace {

// Kafka's API keys of the requests that a transaction is made of.
constexpr int16_t kApiProduce = 0;
constexpr int16_t kApiAddPartitionsToTxn = 24;
constexpr int16_t kApiAddOffsetsToTxn = 25;
constexpr int16_t kApiEndTxn = 26;
constexpr int16_t kApiTxnOffsetCommit = 28;

// Records that are given to librdkafka at once, and the bytes of their keys and values.
constexpr size_t kMostWaiting = 500;
constexpr size_t kBufferBytes = 64 * 1024;

// One call into librdkafka waits at most this long, so that a deadline is kept closely.
constexpr absl::Duration kStep = absl::Milliseconds(500);

int StepMilliseconds(absl::Time deadline) {
  const absl::Duration left = std::min(deadline - absl::Now(), kStep);
  return static_cast<int>(std::max<int64_t>(1, absl::ToInt64Milliseconds(left)));
}

// Repeats `call` while librdkafka says that the same call may be repeated.
rd_kafka_error_t* RetryUntil(absl::Time deadline, absl::FunctionRef<rd_kafka_error_t*(int)> call) {
  for (;;) {
    rd_kafka_error_t* error = call(StepMilliseconds(deadline));
    if (error == nullptr || rd_kafka_error_is_retriable(error) == 0 || absl::Now() >= deadline) {
      return error;
    }
    const bool timed_out = rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__TIMED_OUT;
    rd_kafka_error_destroy(error);
    // Other retriable errors come back at once.
    if (!timed_out) absl::SleepFor(absl::Milliseconds(10));
  }
}

}  // namespace

TransactionalProducer::TransactionalProducer() : buffer_(new char[kBufferBytes]) {}

absl::StatusOr<std::unique_ptr<TransactionalProducer>> TransactionalProducer::Create(
    const KafkaConfig& config, const std::string& transactional_id,
    absl::Duration transaction_timeout, absl::Duration timeout) {
  absl::StatusOr<ConfHandle> conf = MakeConf(
      config,
      {
          {"transactional.id", transactional_id},
          {"transaction.timeout.ms", absl::StrCat(absl::ToInt64Milliseconds(transaction_timeout))},
          {"socket.timeout.ms", "4000"},
          // Each transaction meets the end of the one before, and is retried so soon.
          {"retry.backoff.ms", "2"},
          // A batch is complete when it is handed over: there is nothing to linger for.
          {"linger.ms", "1"},
          {"batch.size", "1000000"},
          {"batch.num.messages", "100000"},
          {"queue.buffering.max.messages", "1000000"},
          {"queue.buffering.max.kbytes", "65536"},
          {"compression.type", "lz4"},
      });
  if (!conf.ok()) return conf.status();
  auto producer = std::unique_ptr<TransactionalProducer>(new TransactionalProducer);
  rd_kafka_conf_set_opaque(conf->get(), producer.get());
  rd_kafka_conf_set_dr_msg_cb(conf->get(), &TransactionalProducer::OnDelivery);
  rd_kafka_conf_interceptor_add_on_new(conf->get(), "windrow", &TransactionalProducer::OnNewClient,
                                       producer.get());
  absl::StatusOr<rd_kafka_t*> client = NewClient(RD_KAFKA_PRODUCER, *std::move(conf));
  if (!client.ok()) return client.status();
  producer->client_ = *client;
  const ErrorHandle error(RetryUntil(absl::Now() + timeout, [&](int step_ms) {
    return rd_kafka_init_transactions(*client, step_ms);
  }));
  if (error != nullptr) {
    return KafkaError(rd_kafka_error_code(error.get()),
                      absl::StrCat("take over transactional id ", transactional_id));
  }
  // What went wrong while the id was being taken over belongs to the epoch before.
  producer->tainted_ = false;
  return producer;
}

TransactionalProducer::~TransactionalProducer() {
  for (const auto& topic : topics_) rd_kafka_topic_destroy(topic.second);
  if (client_ == nullptr) return;
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_destroy(client_);
}

rd_kafka_resp_err_t TransactionalProducer::OnNewClient(rd_kafka_t* client, const rd_kafka_conf_t*,
                                                       void* opaque, char*, size_t) {
  return rd_kafka_interceptor_add_on_response_received(client, "windrow",
                                                       &TransactionalProducer::OnResponse, opaque);
}

rd_kafka_resp_err_t TransactionalProducer::OnResponse(rd_kafka_t*, int, const char*, int32_t,
                                                      int16_t api_key, int16_t, int32_t, size_t,
                                                      int64_t, rd_kafka_resp_err_t code,
                                                      void* opaque) {
  const bool transactional = api_key == kApiProduce || api_key == kApiAddPartitionsToTxn ||
                             api_key == kApiAddOffsetsToTxn || api_key == kApiEndTxn ||
                             api_key == kApiTxnOffsetCommit;
  const bool undecided = code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                         code == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE ||
                         code == RD_KAFKA_RESP_ERR__TRANSPORT;
  if (transactional && undecided) static_cast<TransactionalProducer*>(opaque)->tainted_ = true;
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void TransactionalProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  // A failed delivery makes the commit fail, so only offsets are of interest.
  if (message->_private != nullptr && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    *static_cast<int64_t*>(message->_private) = message->offset;
  }
}

rd_kafka_topic_t* TransactionalProducer::Topic(absl::string_view name) {
  const auto found = topics_.find(name);
  if (found != topics_.end()) return found->second;
  std::string owned(name);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client_, owned.c_str(), nullptr);
  topics_.emplace(std::move(owned), topic);
  return topic;
}

TransactionStep TransactionalProducer::Classify(rd_kafka_error_t* error,
                                                absl::string_view step) const {
  TransactionStep result;
  if (error == nullptr) return result;
  const ErrorHandle owned(error);
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  result.message =
      absl::StrCat(step, ": ", rd_kafka_error_name(error), ": ", rd_kafka_error_string(error));
  char reason[512];
  const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(client_, reason, sizeof(reason));
  if (code == RD_KAFKA_RESP_ERR__FENCED || fatal == RD_KAFKA_RESP_ERR__FENCED ||
      fatal == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
      fatal == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH) {
    result.outcome = TransactionOutcome::kFenced;
  } else if (fatal == RD_KAFKA_RESP_ERR_NO_ERROR && rd_kafka_error_txn_requires_abort(error) != 0) {
    result.outcome = TransactionOutcome::kAbort;
  } else {
    // Fatal, still retriable at its deadline, or none of these: the state is not known.
    result.outcome = TransactionOutcome::kReplace;
  }
  return result;
}

TransactionStep TransactionalProducer::Begin() {
  waiting_.clear();
  buffered_ = 0;
  return Classify(rd_kafka_begin_transaction(client_), "begin transaction");
}

TransactionStep TransactionalProducer::SendOffsets(const std::vector<OffsetToCommit>& offsets,
                                                   const record_log::GroupMetadata& group,
                                                   absl::Time deadline) {
  const TopicPartitionListHandle list = MakeOffsetList(offsets);
  // Each cluster is given back what it made itself.
  const auto& metadata = static_cast<const ClientGroupMetadata&>(group);
  return Classify(RetryUntil(deadline,
                             [&](int step_ms) {
                               return rd_kafka_send_offsets_to_transaction(client_, list.get(),
                                                                           metadata.get(), step_ms);
                             }),
                  "send offsets");
}

TransactionStep TransactionalProducer::Produce(absl::string_view topic, int partition,
                                               absl::string_view key, absl::string_view value,
                                               absl::Time deadline, int64_t* delivered_offset) {
  const size_t size = key.size() + value.size();
  const bool joins = partition == waiting_partition_ && topic == waiting_topic_;
  if (!joins || waiting_.size() == kMostWaiting || size > kBufferBytes - buffered_) {
    TransactionStep step = HandOver(deadline);
    if (!step.ok()) return step;
    waiting_topic_.assign(topic.data(), topic.size());
    waiting_partition_ = partition;
  }
  rd_kafka_message_t& record = waiting_.emplace_back();
  record._private = delivered_offset;
  record.key_len = key.size();
  record.len = value.size();
  if (size <= kBufferBytes) {
    record.key = Keep(key);
    record.payload = Keep(value);
    return TransactionStep{};
  }
  // librdkafka takes mutable pointers but copies what they point to (F_COPY).
  record.key = const_cast<char*>(key.data());
  record.payload = const_cast<char*>(value.data());
  return HandOver(deadline);
}

// Nothing stays nothing: a record without a value deletes.
void* TransactionalProducer::Keep(absl::string_view bytes) {
  if (bytes.data() == nullptr) return nullptr;
  char* const kept = buffer_.get() + buffered_;
  std::copy(bytes.begin(), bytes.end(), kept);
  buffered_ += bytes.size();
  return kept;
}

TransactionStep TransactionalProducer::HandOver(absl::Time deadline) {
  auto next = waiting_.begin();
  const auto is_refused = [](const rd_kafka_message_t& record) {
    return record.err != RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  TransactionStep step;
  while (next != waiting_.end()) {
    rd_kafka_produce_batch(Topic(waiting_topic_), waiting_partition_, RD_KAFKA_MSG_F_COPY, &*next,
                           static_cast<int>(waiting_.end() - next));
    TakeDeliveries();
    next = std::find_if(next, waiting_.end(), is_refused);
    if (next == waiting_.end()) break;
    // A full queue refuses all that follow, too.
    if (next->err != RD_KAFKA_RESP_ERR__QUEUE_FULL || absl::Now() >= deadline) {
      // Too large for the broker, an unknown partition, or no room: the batch cannot be committed.
      step = {TransactionOutcome::kAbort,
              absl::StrCat("produce to ", waiting_topic_, "-", waiting_partition_, ": ",
                           rd_kafka_err2str(next->err))};
      break;
    }
    rd_kafka_poll(client_,
                  StepMilliseconds(std::min(deadline, absl::Now() + absl::Milliseconds(10))));
  }
  waiting_.clear();
  buffered_ = 0;
  return step;
}

TransactionStep TransactionalProducer::ProduceWithHeaders(
    absl::string_view topic, int partition, absl::string_view key, absl::string_view value,
    const std::vector<std::pair<std::string, std::string>>& headers, absl::Time deadline) {
  TransactionStep step = HandOver(deadline);
  while (step.ok()) {
    HeadersHandle list = MakeHeaders(headers);
    const rd_kafka_resp_err_t code = rd_kafka_producev(
        client_, RD_KAFKA_V_RKT(Topic(topic)), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_HEADERS(list.get()), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      (void)list.release();
      return TransactionStep{};
    }
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || absl::Now() >= deadline) {
      return TransactionStep{TransactionOutcome::kAbort,
                             absl::StrCat("produce to ", topic, ": ", rd_kafka_err2str(code))};
    }
    rd_kafka_poll(client_, 10);
  }
  return step;
}

TransactionStep TransactionalProducer::Flush(absl::Time deadline) {
  TransactionStep step = HandOver(deadline);
  if (!step.ok()) return step;
  while (rd_kafka_flush(client_, StepMilliseconds(deadline)) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (absl::Now() < deadline) continue;
    return TransactionStep{TransactionOutcome::kReplace, "flush: no acknowledgement in time"};
  }
  return step;
}

TransactionStep TransactionalProducer::Commit(absl::Time deadline) {
  TransactionStep step = HandOver(deadline);
  if (!step.ok()) return step;
  return Classify(
      RetryUntil(deadline,
                 [this](int step_ms) { return rd_kafka_commit_transaction(client_, step_ms); }),
      "commit transaction");
}

TransactionStep TransactionalProducer::Abort(absl::Time deadline) {
  return Classify(
      RetryUntil(deadline,
                 [this](int step_ms) { return rd_kafka_abort_transaction(client_, step_ms); }),
      "abort transaction");
}

}  // namespace windrow::kafka
