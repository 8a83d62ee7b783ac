#ifndef SERVICES_PRODUCER_REPLAY_RUNNER_H_
#define SERVICES_PRODUCER_REPLAY_RUNNER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/producer/core/pacer.h"
#include "services/producer/core/rate_meter.h"
#include "services/producer/core/record_sink.h"
#include "services/producer/core/record_source.h"
#include "services/producer/core/replay_control.h"

namespace windrow::producer {

// Runs replays, one at a time, each on a thread of its own that carries records from a source to a
// sink at the pace asked for. Thread-safe.
//
// Commands change the state under the mutex and count up `commands_`; the thread looks at that
// count before each record, so a running replay costs no lock per record.
class ReplayRunner : public ReplayControl {
 public:
  // Where sources and sinks come from. Called one at a time, without the mutex.
  struct Parts {
    // NOT_FOUND when there is no such dataset, INVALID_ARGUMENT when it cannot be used.
    std::function<absl::StatusOr<std::unique_ptr<RecordSource>>(const ReplayOptions&)> open_source;
    // NOT_FOUND when there is no such topic; any other error when Kafka does not answer.
    std::function<absl::StatusOr<std::unique_ptr<RecordSink>>(const ReplayOptions&)> open_sink;
  };

  explicit ReplayRunner(Parts parts);
  // Ends the replay without waiting for acknowledgements; Shutdown first.
  ~ReplayRunner() override;
  ReplayRunner(const ReplayRunner&) = delete;
  ReplayRunner& operator=(const ReplayRunner&) = delete;

  absl::StatusOr<ReplayStatus> Start(const ReplayOptions& options) override;
  absl::StatusOr<ReplayStatus> Pause(const CommandOptions& options) override;
  absl::StatusOr<ReplayStatus> Resume(const CommandOptions& options) override;
  absl::StatusOr<ReplayStatus> Stop(absl::Duration timeout, const CommandOptions& options) override;
  absl::StatusOr<ReplayStatus> UpdatePace(const Pace& pace, const CommandOptions& options) override;
  ReplayStatus Get() override;

  // Stops the replay, if any, waits up to `timeout` for what was sent, and refuses new ones.
  void Shutdown(absl::Duration timeout);

 private:
  absl::Status Reserve() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status OpenParts(const ReplayOptions& options);
  ReplayStatus Launch(const ReplayOptions& options) ABSL_LOCKS_EXCLUDED(mutex_);
  bool Apply(ReplayEvent event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Lets the thread know of a command.
  void Command() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string Etag() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // ABORTED when the caller saw another replay than there is.
  absl::Status CheckEtag(const CommandOptions& options) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What there would be after a command that is only checked.
  ReplayStatus Preview(ReplayState state) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Why a command that wants a replay in that state is refused.
  std::string Unfit(absl::string_view wanted) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ReplayStatus StatusLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The thread of a replay.
  void Run();
  absl::Status SendAll();
  absl::Status SendOne(const SourceRecord& record, Pacer* pacer);
  absl::Status WaitForTurn(const SourceRecord& record, Pacer* pacer);
  absl::Status WaitForAcknowledgements();
  // Takes up new commands: holds while paused, CANCELLED when stopped.
  absl::Status Obey(Pacer* pacer) ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasCommand() const { return commands_.load(std::memory_order_acquire) != obeyed_; }
  bool IsStopping() ABSL_LOCKS_EXCLUDED(mutex_);
  void Sleep(absl::Duration duration) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetSending(bool sending) ABSL_LOCKS_EXCLUDED(mutex_);
  void Measure() ABSL_LOCKS_EXCLUDED(mutex_);
  void End(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  const Parts parts_;
  // Of this process, so that no etag of an earlier one fits.
  const std::string run_id_;

  // Set by Start before the thread begins, then the thread's own; sink_ is taken away under the
  // mutex, because reports read its counts.
  std::thread thread_;
  std::unique_ptr<RecordSource> source_;
  std::unique_ptr<RecordSink> sink_;
  // The value of commands_ when the thread last looked.
  uint64_t obeyed_ = 0;
  // Whether the thread must look at the clock for each record.
  bool paced_ = false;

  // Written by the thread, read by reports.
  std::atomic<uint64_t> commands_{0};
  std::atomic<int64_t> records_sent_{0};
  std::atomic<int64_t> records_total_{0};
  std::atomic<int64_t> event_time_us_{INT64_MIN};

  mutable absl::Mutex mutex_;
  // Number of changes of the state or the pace.
  int64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  // Between a Start that was let in and its thread.
  bool starting_ ABSL_GUARDED_BY(mutex_) = false;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Whether the thread may be handing a record to the sink.
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  // When a replay that is stopping gives up waiting for acknowledgements.
  absl::Time give_up_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  RateMeter meter_ ABSL_GUARDED_BY(mutex_);
  // What does not change by the record; the counts once the replay has ended.
  ReplayStatus status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace windrow::producer

#endif  // SERVICES_PRODUCER_REPLAY_RUNNER_H_
