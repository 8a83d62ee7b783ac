#include "bench/limit/bare_loop.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "bench/limit/pane_counts.h"

namespace windrow::bench {
namespace {

constexpr int kTimeoutMs = 10'000;
constexpr absl::Duration kSilence = absl::Seconds(30);
constexpr size_t kBatch = 10'000;

// Offsets still to be read of one partition: [next, end).
struct Partition {
  int32_t number;
  int64_t next;
  int64_t end;
};

struct ClientDeleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
};
using Client = std::unique_ptr<rd_kafka_t, ClientDeleter>;

absl::StatusOr<Client> NewConsumer(const BareLoopOptions& options) {
  const std::pair<const char*, std::string> properties[] = {
      {"bootstrap.servers", options.bootstrap_servers},
      {"group.id", "windrow-bench-limit"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"isolation.level", "read_committed"},
      {"auto.offset.reset", "error"},
      // As the aggregator: bytes bound the memory, and a full queue does not stop fetching for a
      // second.
      {"queued.min.messages", "10000000"},
      {"queued.max.messages.kbytes", absl::StrCat(options.queued_kbytes)},
      {"fetch.queue.backoff.ms", "1"},
      {"fetch.message.max.bytes", "1048576"},
      {"fetch.wait.max.ms", "10"},
  };
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof(error)) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return absl::InvalidArgumentError(error);
    }
  }
  Client client(rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error)));
  if (client == nullptr) {
    rd_kafka_conf_destroy(conf);
    return absl::UnavailableError(error);
  }
  rd_kafka_poll_set_consumer(client.get());
  return client;
}

absl::StatusOr<int> CountPartitions(rd_kafka_t* client, const std::string& topic) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(client, topic.c_str(), nullptr);
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, handle, &metadata, kTimeoutMs);
  rd_kafka_topic_destroy(handle);
  if (error) return absl::UnavailableError(rd_kafka_err2str(error));
  const int count = metadata->topics[0].partition_cnt;
  rd_kafka_metadata_destroy(metadata);
  if (count == 0) return absl::NotFoundError(absl::StrCat("no topic ", topic));
  return count;
}

absl::StatusOr<std::vector<Partition>> FindPartitions(rd_kafka_t* client,
                                                      const std::string& topic) {
  const absl::StatusOr<int> count = CountPartitions(client, topic);
  if (!count.ok()) return count.status();
  std::vector<Partition> partitions;
  for (int number = 0; number < *count; ++number) {
    int64_t begin = 0;
    int64_t end = 0;
    const rd_kafka_resp_err_t error =
        rd_kafka_query_watermark_offsets(client, topic.c_str(), number, &begin, &end, kTimeoutMs);
    if (error) return absl::UnavailableError(rd_kafka_err2str(error));
    partitions.push_back({number, begin, end});
  }
  return partitions;
}

// One thread: a consumer, its partitions and its counts.
class Reader {
 public:
  Reader(Client client, std::string topic, std::vector<Partition> partitions)
      : client_(std::move(client)),
        topic_(std::move(topic)),
        partitions_(std::move(partitions)),
        messages_(kBatch) {}

  absl::Status Run() {
    const absl::Status status = Assign();
    if (!status.ok()) return status;
    queue_ = rd_kafka_queue_get_consumer(client_.get());
    begun_ = last_ = absl::Now();
    absl::Status result;
    while (result.ok() && !Done()) result = ReadBatch();
    rd_kafka_queue_destroy(queue_);
    return result;
  }

  const PaneCounts& counts() const { return counts_; }
  // When it had its partitions.
  absl::Time begun() const { return begun_; }
  absl::Time last() const { return last_; }

 private:
  absl::Status Assign() {
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(8);
    for (const Partition& partition : partitions_) {
      rd_kafka_topic_partition_list_add(list, topic_.c_str(), partition.number)->offset =
          partition.next;
    }
    const rd_kafka_resp_err_t error = rd_kafka_assign(client_.get(), list);
    rd_kafka_topic_partition_list_destroy(list);
    return error ? absl::UnavailableError(rd_kafka_err2str(error)) : absl::OkStatus();
  }

  bool Done() const {
    return std::all_of(partitions_.begin(), partitions_.end(),
                       [](const Partition& p) { return p.next >= p.end; });
  }

  absl::Status ReadBatch() {
    const ssize_t count = rd_kafka_consume_batch_queue(queue_, 100, messages_.data(), kBatch);
    if (count < 0) return absl::UnavailableError("rd_kafka_consume_batch_queue failed");
    if (count == 0) {
      return absl::Now() - last_ < kSilence
                 ? absl::OkStatus()
                 : absl::DeadlineExceededError("no record has arrived for 30 s");
    }
    absl::Status status;
    for (ssize_t i = 0; i < count; ++i) {
      if (status.ok()) status = Take(*messages_[i]);
      rd_kafka_message_destroy(messages_[i]);
    }
    last_ = absl::Now();
    return status;
  }

  absl::Status Take(const rd_kafka_message_t& message) {
    if (message.err) return absl::UnavailableError(rd_kafka_message_errstr(&message));
    Partition& partition =
        *std::find_if(partitions_.begin(), partitions_.end(),
                      [&](const Partition& p) { return p.number == message.partition; });
    // What was written after the start is not part of the measurement.
    if (message.offset >= partition.end) return absl::OkStatus();
    partition.next = message.offset + 1;
    counts_.Add(absl::string_view(static_cast<const char*>(message.payload), message.len));
    return absl::OkStatus();
  }

  Client client_;
  const std::string topic_;
  std::vector<Partition> partitions_;
  std::vector<rd_kafka_message_t*> messages_;
  rd_kafka_queue_t* queue_ = nullptr;
  PaneCounts counts_;
  absl::Time begun_ = absl::InfiniteFuture();
  absl::Time last_;
};

absl::StatusOr<std::vector<std::unique_ptr<Reader>>> NewReaders(const BareLoopOptions& options) {
  std::vector<std::unique_ptr<Reader>> readers;
  for (int thread = 0; thread < options.threads; ++thread) {
    absl::StatusOr<Client> client = NewConsumer(options);
    if (!client.ok()) return client.status();
    absl::StatusOr<std::vector<Partition>> all = FindPartitions(client->get(), options.topic);
    if (!all.ok()) return all.status();
    std::vector<Partition> own;
    for (const Partition& partition : *all) {
      if (partition.number % options.threads == thread) own.push_back(partition);
    }
    readers.push_back(std::make_unique<Reader>(*std::move(client), options.topic, std::move(own)));
  }
  return readers;
}

}  // namespace

absl::StatusOr<BareLoopResult> RunBareLoop(const BareLoopOptions& options) {
  absl::StatusOr<std::vector<std::unique_ptr<Reader>>> readers = NewReaders(options);
  if (!readers.ok()) return readers.status();

  std::vector<absl::Status> statuses(readers->size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < readers->size(); ++i) {
    threads.emplace_back([&, i] { statuses[i] = (*readers)[i]->Run(); });
  }
  for (std::thread& thread : threads) thread.join();

  BareLoopResult result;
  absl::Time begun = absl::InfiniteFuture();
  absl::Time last = absl::InfinitePast();
  for (size_t i = 0; i < readers->size(); ++i) {
    if (!statuses[i].ok()) return statuses[i];
    const Reader& reader = *(*readers)[i];
    result.records += static_cast<int64_t>(reader.counts().counted() + reader.counts().refused());
    result.refused += static_cast<int64_t>(reader.counts().refused());
    result.cells += static_cast<int64_t>(reader.counts().cells());
    begun = std::min(begun, reader.begun());
    if (reader.begun() != absl::InfiniteFuture()) last = std::max(last, reader.last());
  }
  if (result.records > 0) result.seconds = absl::ToDoubleSeconds(last - begun);
  return result;
}

}  // namespace windrow::bench
