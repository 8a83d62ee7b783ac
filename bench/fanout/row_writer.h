#ifndef BENCH_FANOUT_ROW_WRITER_H_
#define BENCH_FANOUT_ROW_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/transactional_producer.h"

namespace windrow::bench {

// Writes a results topic in transactions, as the aggregator does: update number n changes row n mod
// `rows` of one window, and n is the row's `accepted`. Used by one thread.
class RowWriter {
 public:
  static constexpr int kPartitions = 4;
  static constexpr char kView[] = "calls-by-type";

  static absl::StatusOr<std::unique_ptr<RowWriter>> Create(const kafka::KafkaConfig& kafka,
                                                           const std::string& pipeline, int rows);

  // Commits this many more updates in one transaction; again, with a new producer, when it failed.
  absl::Status Write(int updates);

  // Number of updates so far: the next one has this number.
  int64_t updates() const { return updates_; }
  int rows() const { return rows_; }

 private:
  RowWriter(kafka::KafkaConfig kafka, const std::string& pipeline, int rows);
  absl::Status Connect();
  // In a transaction: progress of all partitions, or updates from `first` on.
  absl::Status TryProgress();
  absl::Status TryWrite(int64_t first, int updates);
  absl::Status ProduceUpdate(int64_t update);
  absl::Status Produce(int partition, const std::string& key, const std::string& value);

  const kafka::KafkaConfig kafka_;
  const std::string transactional_id_;
  const std::string topic_;
  const int rows_;
  std::unique_ptr<kafka::TransactionalProducer> producer_;
  int64_t updates_ = 0;
};

}  // namespace windrow::bench

#endif  // BENCH_FANOUT_ROW_WRITER_H_
