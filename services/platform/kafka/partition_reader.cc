#include "services/platform/kafka/partition_reader.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/platform/kafka/client_end.h"
#include "services/platform/kafka/log_offsets.h"
#include "services/platform/kafka/record_view.h"
#include "services/platform/runtime/log.h"

namespace windrow::kafka {
namespace {

constexpr absl::Duration kResolveTimeout = absl::Seconds(10);
constexpr absl::Duration kDescribeLossTimeout = absl::Seconds(1);
constexpr int kMaxBatch = 10000;
constexpr int64_t kQueueKbytes = 16384;

static_assert(StartPosition::kBeginning == RD_KAFKA_OFFSET_BEGINNING);
static_assert(StartPosition::kEnd == RD_KAFKA_OFFSET_END);

// Errors that no waiting cures.
bool IsPermanent(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__FATAL:
      return true;
    default:
      return false;
  }
}

RecordView ViewOf(const rd_kafka_message_t& message) {
  RecordView record;
  static_cast<record_log::Record&>(record) = RecordOf(message);
  record.topic = rd_kafka_topic_name(message.rkt);
  return record;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PartitionReader>> PartitionReader::Create(
    const KafkaConfig& config, const std::vector<StartPosition>& starts) {
  std::unique_ptr<PartitionReader> reader(new PartitionReader(starts));
  absl::Status status = reader->Connect(config);
  if (status.ok()) status = reader->ResolveStarts();
  if (status.ok()) status = reader->Assign();
  if (!status.ok()) return status;
  return reader;
}

PartitionReader::PartitionReader(const std::vector<StartPosition>& starts)
    : starts_(starts),
      positions_(starts.size()),
      at_end_(starts.size(), false),
      seeking_beginning_(starts.size(), false) {}

PartitionReader::~PartitionReader() {
  queue_.reset();
  if (client_ != nullptr) EndClient(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

absl::Status PartitionReader::Connect(const KafkaConfig& config) {
  absl::StatusOr<ConfHandle> conf = MakeConf(
      config,
      {
          // Wanted by librdkafka; no group is joined and nothing is committed.
          {"group.id", "windrow-reader"},
          {"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"isolation.level", "read_committed"},
          {"auto.offset.reset", "error"},
          {"enable.partition.eof", "true"},
          // Memory is bounded by bytes, not by a count; a full queue is looked at again at once.
          {"queued.min.messages", "10000000"},
          {"queued.max.messages.kbytes", absl::StrCat(kQueueKbytes)},
          {"fetch.queue.backoff.ms", "1"},
          {"fetch.min.bytes", "1"},
          {"fetch.wait.max.ms", "50"},
          {"fetch.error.backoff.ms", "50"},
      });
  if (!conf.ok()) return conf.status();
  rd_kafka_conf_set_opaque(conf->get(), this);
  rd_kafka_conf_set_error_cb(conf->get(), OnError);
  const absl::StatusOr<rd_kafka_t*> client = NewClient(RD_KAFKA_CONSUMER, *std::move(conf));
  if (!client.ok()) return client.status();
  client_ = *client;
  rd_kafka_poll_set_consumer(client_);
  queue_.reset(rd_kafka_queue_get_consumer(client_));
  return absl::OkStatus();
}

absl::Status PartitionReader::ResolveStarts() {
  for (size_t i = 0; i < starts_.size(); ++i) {
    const int64_t offset = starts_[i].offset;
    positions_[i] = offset;
    if (offset >= 0) continue;
    if (offset != StartPosition::kBeginning && offset != StartPosition::kEnd) {
      return absl::InvalidArgumentError(absl::StrCat("cannot start at offset ", offset));
    }
    const absl::Status resolved = ResolveStart(static_cast<int>(i));
    if (!resolved.ok()) return resolved;
  }
  return absl::OkStatus();
}

// Left to librdkafka, a symbolic start often costs half a second.
absl::Status PartitionReader::ResolveStart(int index) {
  const StartPosition& start = starts_[index];
  const absl::Time deadline = absl::Now() + kResolveTimeout;
  seeking_beginning_[index] = start.offset == StartPosition::kBeginning;
  const absl::StatusOr<int64_t> offset =
      seeking_beginning_[index] ? QueryLogBegin(client_, start.topic, start.partition, deadline)
                                : QueryLogEnd(client_, start.topic, start.partition, deadline);
  if (!offset.ok()) return offset.status();
  positions_[index] = *offset;
  return absl::OkStatus();
}

absl::Status PartitionReader::Assign() {
  const TopicPartitionListHandle list(
      rd_kafka_topic_partition_list_new(static_cast<int>(starts_.size())));
  for (size_t i = 0; i < starts_.size(); ++i) {
    rd_kafka_topic_partition_list_add(list.get(), starts_[i].topic.c_str(), starts_[i].partition)
        ->offset = positions_[i];
  }
  const rd_kafka_resp_err_t code = rd_kafka_assign(client_, list.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return KafkaError(code, "assign partitions");
}

absl::StatusOr<int> PartitionReader::Read(int max_records, absl::Duration timeout,
                                          absl::FunctionRef<void(const RecordView&)> visit) {
  if (!failure_.ok()) return failure_;
  if (max_records <= 0) return 0;
  // librdkafka waits until a batch is full: so wait for one, then take what is there.
  const auto timeout_ms = static_cast<int>(
      absl::ToInt64Milliseconds(std::clamp(timeout, absl::ZeroDuration(), absl::Hours(1))));
  rd_kafka_message_t* const first = rd_kafka_consume_queue(queue_.get(), timeout_ms);
  if (first == nullptr) {
    if (!failure_.ok()) return failure_;
    return 0;
  }
  batch_.resize(std::min(max_records, kMaxBatch));
  batch_[0] = first;
  ssize_t count = 1;
  if (batch_.size() > 1) {
    count += std::max<ssize_t>(
        0, rd_kafka_consume_batch_queue(queue_.get(), 0, batch_.data() + 1, batch_.size() - 1));
  }

  int records = 0;
  for (ssize_t i = 0; i < count; ++i) {
    const MessageHandle message(batch_[i]);
    if (failure_.ok() && Take(*message, visit)) ++records;
  }
  if (!failure_.ok() && records == 0) return failure_;
  return records;
}

bool PartitionReader::Take(const rd_kafka_message_t& message,
                           absl::FunctionRef<void(const RecordView&)> visit) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const int index = IndexOf(message);
    if (index < 0 || message.offset < positions_[index]) return false;
    positions_[index] = message.offset + 1;
    at_end_[index] = false;
    seeking_beginning_[index] = false;
    visit(ViewOf(message));
    return true;
  }
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    const int index = IndexOf(message);
    if (index < 0) return false;
    // The offset to be fetched next, past control records and aborted transactions.
    positions_[index] = std::max(positions_[index], message.offset);
    at_end_[index] = true;
    seeking_beginning_[index] = false;
    return false;
  }
  TakeError(message.err, IndexOf(message), rd_kafka_message_errstr(&message));
  return false;
}

// Some errors, such as a topic that does not exist, come this way instead; on the thread of Read.
void PartitionReader::OnError(rd_kafka_t*, int code, const char* reason, void* opaque) {
  static_cast<PartitionReader*>(opaque)->TakeError(static_cast<rd_kafka_resp_err_t>(code), -1,
                                                   reason);
}

void PartitionReader::TakeError(rd_kafka_resp_err_t code, int index, absl::string_view detail) {
  if (!failure_.ok()) return;
  if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    return TakeLostPosition(index);
  }
  std::string context = "read";
  if (index >= 0) {
    absl::StrAppend(&context, " ", starts_[index].topic, " partition ", starts_[index].partition);
  }
  const absl::Status error = KafkaError(code, context);
  if (IsPermanent(code)) {
    failure_ = absl::Status(error.code(), absl::StrCat(error.message(), " (", detail, ")"));
  } else {
    runtime::LogWarning("read delayed",
                        {{"error", std::string(error.message())}, {"detail", detail}});
  }
}

int PartitionReader::IndexOf(const rd_kafka_message_t& message) {
  if (message.rkt == nullptr) return -1;
  const auto [found, is_new] = indexes_.try_emplace({message.rkt, message.partition}, -1);
  if (!is_new) return found->second;
  const absl::string_view topic = rd_kafka_topic_name(message.rkt);
  for (size_t i = 0; i < starts_.size(); ++i) {
    if (starts_[i].topic == topic && starts_[i].partition == message.partition) {
      found->second = static_cast<int>(i);
    }
  }
  return found->second;
}

void PartitionReader::TakeLostPosition(int index) {
  if (index < 0 || !seeking_beginning_[index]) {
    failure_ = LostPosition(index);
    return;
  }
  // The beginning has moved since it was asked for.
  failure_ = ResolveStart(index);
  if (failure_.ok()) failure_ = Assign();
}

absl::Status PartitionReader::LostPosition(int index) const {
  if (index < 0) return absl::DataLossError("a position is no longer in its log");
  const StartPosition& start = starts_[index];
  std::string text = absl::StrCat(start.topic, " partition ", start.partition, ": offset ",
                                  positions_[index], " is not in the log");
  const auto range =
      QueryLogOffsets(client_, start.topic, start.partition, absl::Now() + kDescribeLossTimeout);
  if (range.ok()) absl::StrAppend(&text, ", which holds [", range->first, ", ", range->second, ")");
  return absl::DataLossError(text);
}

bool PartitionReader::at_end() const {
  return std::all_of(at_end_.begin(), at_end_.end(), [](bool at_end) { return at_end; });
}

}  // namespace windrow::kafka
