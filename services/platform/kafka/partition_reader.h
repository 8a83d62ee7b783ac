#ifndef SERVICES_PLATFORM_KAFKA_PARTITION_READER_H_
#define SERVICES_PLATFORM_KAFKA_PARTITION_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/record_log/partition_reader.h"
#include "services/platform/record_log/record.h"

namespace windrow::kafka {

using record_log::StartPosition;

// A record and its topic. The views are valid only during the visit.
struct RecordView : record_log::Record {
  absl::string_view topic;
};

// Reads named partitions from named offsets, outside of any consumer group, seeing only committed
// transactions. One thread at a time. Holds at most about 16 MiB of records that were fetched
// ahead.
class PartitionReader {
 public:
  // Asks the cluster where symbolic starts are: UNAVAILABLE or DEADLINE_EXCEEDED when it does not
  // answer within 10 s, NOT_FOUND when a topic or partition does not exist.
  static absl::StatusOr<std::unique_ptr<PartitionReader>> Create(
      const KafkaConfig& config, const std::vector<StartPosition>& starts);
  ~PartitionReader();
  PartitionReader(const PartitionReader&) = delete;
  PartitionReader& operator=(const PartitionReader&) = delete;

  // Waits up to `timeout` for records, hands up to `max_records` to `visit` in order per
  // partition, and returns how many. DATA_LOSS when a position is no longer in the log, with topic,
  // partition and offset in the message; NOT_FOUND when the topic is gone. Such an error is
  // returned for ever. Passing trouble (a broker away) is waited out. Returns early, with 0, when
  // the end of a partition is reached.
  absl::StatusOr<int> Read(int max_records, absl::Duration timeout,
                           absl::FunctionRef<void(const RecordView&)> visit);

  // Offset after the last record or control record passed in each partition, in the order of
  // `starts`; the start itself before the first.
  const std::vector<int64_t>& positions() const { return positions_; }

  // Whether every partition has been read to the end of what is committed, as of the last Read.
  bool at_end() const;

 private:
  explicit PartitionReader(const std::vector<StartPosition>& starts);

  static void OnError(rd_kafka_t* client, int code, const char* reason, void* opaque);

  absl::Status Connect(const KafkaConfig& config);
  absl::Status ResolveStarts();
  absl::Status ResolveStart(int index);
  absl::Status Assign();
  // What librdkafka handed over: a record, the end of a partition, or an error. Returns whether it
  // was a record that was visited.
  bool Take(const rd_kafka_message_t& message, absl::FunctionRef<void(const RecordView&)> visit);
  void TakeError(rd_kafka_resp_err_t code, int index, absl::string_view detail);
  // Index in starts_; -1 for what is not ours.
  int IndexOf(const rd_kafka_message_t& message);
  void TakeLostPosition(int index);
  absl::Status LostPosition(int index) const;

  rd_kafka_t* client_ = nullptr;
  QueueHandle queue_;
  std::vector<StartPosition> starts_;
  std::vector<int64_t> positions_;
  std::vector<bool> at_end_;
  // Whether a start at kBeginning has not been confirmed by a record or the end.
  std::vector<bool> seeking_beginning_;
  absl::Status failure_;
  std::vector<rd_kafka_message_t*> batch_;
  // librdkafka's handle of a topic and the partition, to the index in starts_.
  absl::flat_hash_map<std::pair<const rd_kafka_topic_t*, int>, int> indexes_;
};

}  // namespace windrow::kafka

#endif  // SERVICES_PLATFORM_KAFKA_PARTITION_READER_H_
