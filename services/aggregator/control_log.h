#ifndef SERVICES_AGGREGATOR_CONTROL_LOG_H_
#define SERVICES_AGGREGATOR_CONTROL_LOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/aggregator/core/control_state.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/record_producer.h"
#include "windrow/control/v1/control.pb.h"

namespace windrow::aggregator {

// A record of the topic, for ControlState.
ControlProposal DecodeProposal(const windrow::control::v1::Proposal& proto);

// The topic windrow.control and the state that it describes. Every replica reads it from the
// beginning and reaches the same state; a change is appended, and takes effect where it is read
// back. Thread-safe.
class ControlLog {
 public:
  static constexpr char kTopic[] = "windrow.control";

  // Creates the topic if need be and reads what is there. `on_change` is called, from the log's
  // thread, after each accepted change.
  static absl::StatusOr<std::unique_ptr<ControlLog>> Open(const kafka::KafkaConfig& config,
                                                          std::function<void()> on_change,
                                                          absl::Duration timeout);
  ~ControlLog();
  ControlLog(const ControlLog&) = delete;
  ControlLog& operator=(const ControlLog&) = delete;

  // Appends a proposal and waits until it has been applied here. DEADLINE_EXCEEDED means that it is
  // not known whether it will be: ask again with the same request id. Its record belongs to the
  // trace `trace_parent`, if that is not empty, and whoever applies it logs so.
  absl::StatusOr<ControlVerdict> Propose(const windrow::control::v1::Proposal& proposal,
                                         absl::Duration timeout,
                                         absl::string_view trace_parent = {});

  // What became of a request that has been applied here, of its last attempt if it took several.
  absl::optional<ControlVerdict> FindOutcome(const std::string& request_id) const;
  // A refused request that may go on top of what was faster is proposed again under another id:
  // the 0th is the request's own.
  static std::string RequestIdOfAttempt(const std::string& request_id, int attempt);

  // What the pipeline would be after the proposal; nullopt when it would be refused, or gone.
  absl::optional<ControlledPipeline> Preview(const windrow::control::v1::Proposal& proposal) const;

  std::map<std::string, ControlledPipeline> pipelines() const;
  // nullopt when there is no such pipeline.
  absl::optional<ControlledPipeline> Find(const std::string& name) const;
  // The incarnations that are not run any more, of deleted pipelines too, by pipeline.
  std::map<std::string, std::vector<RetiredIncarnation>> retired() const;

 private:
  ControlLog(std::unique_ptr<kafka::PartitionReader> reader,
             std::unique_ptr<kafka::RecordProducer> producer, std::function<void()> on_change);
  // Reads what is there; true when a change was accepted.
  absl::StatusOr<bool> ReadOnce(absl::Duration timeout);
  // Reads one record; whether it was accepted.
  bool Apply(const kafka::RecordView& record);
  void Run();

  const std::unique_ptr<kafka::PartitionReader> reader_;
  const std::unique_ptr<kafka::RecordProducer> producer_;
  const std::function<void()> on_change_;
  mutable absl::Mutex mutex_;
  ControlState state_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Whether what was there at first has been read. Of the reading thread.
  bool caught_up_ = false;
  std::thread thread_;
};

}  // namespace windrow::aggregator

#endif  // SERVICES_AGGREGATOR_CONTROL_LOG_H_
