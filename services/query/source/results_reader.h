#ifndef SERVICES_QUERY_SOURCE_RESULTS_READER_H_
#define SERVICES_QUERY_SOURCE_RESULTS_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/query/core/result_change.h"
#include "services/query/core/result_target.h"

namespace windrow::query {

// Reads the results topic of one incarnation of a pipeline into a target, on a thread of its own,
// for as long as it lives: waits for the topic, goes on where the target is, and tries again after
// any trouble. What it hands over has been committed; a record that it cannot decode is logged and
// skipped.
class ResultsReader {
 public:
  // The target must outlive the reader.
  ResultsReader(kafka::KafkaConfig kafka, absl::string_view pipeline, int incarnation,
                ResultTarget* target);
  // Stops within a second or so.
  ~ResultsReader();
  ResultsReader(const ResultsReader&) = delete;
  ResultsReader& operator=(const ResultsReader&) = delete;

 private:
  void Run();
  // From opening the topic until trouble (or the end of this object).
  absl::Status ReadTopic();
  absl::Status OpenTopic();
  absl::Status ReadBatch(ChangeBatch* batch);
  absl::StatusOr<std::vector<kafka::OffsetRange>> QueryRanges(int partitions);
  // Applies a batch, however long the target refuses it.
  absl::Status ApplyPatiently(const ChangeBatch& batch);
  // Tells the target how far it is, and once that it has everything there was.
  absl::Status ReportApplied(bool at_end);
  absl::Status Report(const ReadingState& state);
  void LogTrouble(const absl::Status& status);
  bool Stopped() const { return stop_.HasBeenNotified(); }

  const kafka::KafkaConfig kafka_;
  const std::string pipeline_;
  const std::string topic_;
  ResultTarget* const target_;

  // Used by the thread only.
  std::unique_ptr<kafka::TopicAdmin> admin_;
  std::unique_ptr<kafka::PartitionReader> reader_;
  // What the target has applied, and where each partition began and ended when it was opened, and
  // where it ended later.
  std::vector<int64_t> applied_;
  std::vector<int64_t> first_offsets_;
  std::vector<int64_t> ends_at_start_;
  std::vector<int64_t> ends_;
  absl::Time ends_time_;
  bool caught_up_ = false;
  std::string last_trouble_;
  absl::Time last_trouble_time_ = absl::InfinitePast();
  int64_t undecodable_ = 0;

  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SOURCE_RESULTS_READER_H_
