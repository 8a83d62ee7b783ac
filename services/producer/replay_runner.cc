#include "services/producer/replay_runner.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "services/platform/runtime/log.h"
#include "services/platform/runtime/trace_parent.h"
#include "services/producer/core/looped_source.h"

namespace windrow::producer {
namespace {

using runtime::LogError;
using runtime::LogInfo;

// Longest wait before the thread looks at commands and counts again.
constexpr absl::Duration kStep = absl::Milliseconds(50);
// Waits below this cost more in wake-ups than evenness is worth.
constexpr absl::Duration kShortestSleep = absl::Milliseconds(1);
constexpr absl::Duration kHoldTimeout = absl::Seconds(5);
// How long a stopped replay waits for a cluster that is away.
constexpr absl::Duration kStopTimeout = absl::Seconds(30);
constexpr int64_t kRecordsPerMeasure = 4096;

absl::Duration MonotonicNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

std::string RandomId() {
  std::random_device random;
  return absl::StrFormat("%08x", random());
}

absl::Status NotActive() {
  return ReplayError(absl::StatusCode::kFailedPrecondition, "REPLAY_NOT_ACTIVE",
                     "no replay is running or paused: StartReplay starts one");
}

absl::Status SourceError(const absl::Status& status) {
  return ReplayError(status.code(),
                     absl::IsNotFound(status) ? "DATASET_NOT_FOUND" : "DATASET_UNREADABLE",
                     status.message());
}

absl::Status SinkError(const absl::Status& status) {
  if (!absl::IsNotFound(status)) {
    return ReplayError(status.code(), "KAFKA_UNAVAILABLE",
                       absl::StrCat("nothing is sent, since Kafka does not answer: ",
                                    status.message(), "; try again"));
  }
  return ReplayError(status.code(), "TOPIC_NOT_FOUND",
                     absl::StrCat(status.message(), ": create it first"));
}

}  // namespace

ReplayRunner::ReplayRunner(Parts parts) : parts_(std::move(parts)), run_id_(RandomId()) {}

ReplayRunner::~ReplayRunner() { Shutdown(absl::ZeroDuration()); }

absl::StatusOr<ReplayStatus> ReplayRunner::Start(const ReplayOptions& options) {
  if (absl::Status status = Reserve(); !status.ok()) return status;
  // The old thread has ended its replay, and may still be clearing up.
  if (thread_.joinable()) thread_.join();
  if (absl::Status status = OpenParts(options); !status.ok()) {
    absl::MutexLock lock(&mutex_);
    starting_ = false;
    return status;
  }
  return Launch(options);
}

absl::Status ReplayRunner::Reserve() {
  absl::MutexLock lock(&mutex_);
  if (closing_) {
    return ReplayError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                       "the producer is stopping: repeat the call once it runs again");
  }
  if (starting_ || IsActive(status_.state)) {
    return ReplayError(absl::StatusCode::kFailedPrecondition, "REPLAY_ACTIVE",
                       "a replay is running or paused: stop it first");
  }
  starting_ = true;
  return absl::OkStatus();
}

absl::Status ReplayRunner::OpenParts(const ReplayOptions& options) {
  absl::StatusOr<std::unique_ptr<RecordSource>> source = parts_.open_source(options);
  if (!source.ok()) return SourceError(source.status());
  absl::StatusOr<std::unique_ptr<RecordSink>> sink = parts_.open_sink(options);
  if (!sink.ok()) return SinkError(sink.status());
  source_ = *std::move(source);
  if (options.loop) {
    source_ =
        std::make_unique<LoopedSource>([this, options] { return parts_.open_source(options); },
                                       std::move(source_), [this] { return IsStopping(); });
  }
  absl::MutexLock lock(&mutex_);
  sink_ = *std::move(sink);
  return absl::OkStatus();
}

ReplayStatus ReplayRunner::Launch(const ReplayOptions& options) {
  absl::MutexLock lock(&mutex_);
  records_sent_ = 0;
  records_total_ = source_->records_total();
  event_time_us_ = INT64_MIN;
  starting_ = false;
  const ReplayState before = status_.state;
  status_ = ReplayStatus();
  status_.state = before;
  Apply(ReplayEvent::kStart);
  status_.options = options;
  status_.start_time = absl::Now();
  meter_ = RateMeter();
  sending_ = false;
  stopping_ = closing_;
  if (!closing_) give_up_ = absl::InfiniteFuture();
  obeyed_ = 0;
  commands_ = 1;
  LogInfo("replay started",
          {{"topic", options.topic}, {"trace_id", runtime::TraceIdOf(options.trace_parent)}});
  thread_ = std::thread([this] { Run(); });
  return StatusLocked();
}

bool ReplayRunner::Apply(ReplayEvent event) {
  const std::optional<ReplayState> next = NextReplayState(status_.state, event);
  if (!next.has_value()) return false;
  status_.state = *next;
  Command();
  return true;
}

void ReplayRunner::Command() {
  ++version_;
  commands_.fetch_add(1, std::memory_order_release);
}

std::string ReplayRunner::Etag() const { return absl::StrCat("\"", run_id_, "-", version_, "\""); }

absl::Status ReplayRunner::CheckEtag(const CommandOptions& options) const {
  if (options.etag.empty() || options.etag == Etag()) return absl::OkStatus();
  return ReplayError(absl::StatusCode::kAborted, "ETAG_MISMATCH",
                     "the replay has changed since: read it again and repeat the call with its new "
                     "etag, under another request_id");
}

ReplayStatus ReplayRunner::Preview(ReplayState state) const {
  ReplayStatus status = StatusLocked();
  status.state = state;
  return status;
}

absl::StatusOr<ReplayStatus> ReplayRunner::Pause(const CommandOptions& options) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = CheckEtag(options); !status.ok()) return status;
  if (options.validate_only && status_.state == ReplayState::kRunning) {
    return Preview(ReplayState::kPaused);
  }
  if (!Apply(ReplayEvent::kPause)) {
    return ReplayError(absl::StatusCode::kFailedPrecondition, "REPLAY_NOT_RUNNING",
                       Unfit("running"));
  }
  LogInfo("replay paused", {{"records_sent", records_sent_.load()}});
  const auto held = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !sending_ || status_.state != ReplayState::kPaused;
  };
  mutex_.AwaitWithTimeout(absl::Condition(&held), kHoldTimeout);
  return StatusLocked();
}

absl::StatusOr<ReplayStatus> ReplayRunner::Resume(const CommandOptions& options) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = CheckEtag(options); !status.ok()) return status;
  if (options.validate_only && status_.state == ReplayState::kPaused) {
    return Preview(ReplayState::kRunning);
  }
  if (!Apply(ReplayEvent::kResume)) {
    return ReplayError(absl::StatusCode::kFailedPrecondition, "REPLAY_NOT_PAUSED", Unfit("paused"));
  }
  LogInfo("replay resumed");
  return StatusLocked();
}

absl::StatusOr<ReplayStatus> ReplayRunner::Stop(absl::Duration timeout,
                                                const CommandOptions& options) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = CheckEtag(options); !status.ok()) return status;
  if (!IsActive(status_.state)) return NotActive();
  if (options.validate_only) return Preview(ReplayState::kStopped);
  if (!stopping_) give_up_ = absl::Now() + kStopTimeout;
  stopping_ = true;
  Command();
  const auto ended = [this]()
                         ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !IsActive(status_.state); };
  if (mutex_.AwaitWithTimeout(absl::Condition(&ended), timeout)) return StatusLocked();
  return ReplayError(absl::StatusCode::kDeadlineExceeded, "REPLAY_STOPPING",
                     "nothing more is sent, but Kafka has not acknowledged everything yet: "
                     "GetReplay tells when it has");
}

absl::StatusOr<ReplayStatus> ReplayRunner::UpdatePace(const Pace& pace,
                                                      const CommandOptions& options) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status status = CheckEtag(options); !status.ok()) return status;
  if (!IsActive(status_.state)) return NotActive();
  if (options.validate_only) {
    ReplayStatus status = StatusLocked();
    status.options.pace = pace;
    return status;
  }
  status_.options.pace = pace;
  Command();
  return StatusLocked();
}

std::string ReplayRunner::Unfit(absl::string_view wanted) const {
  if (status_.state == ReplayState::kNone) {
    return "no replay has been started: StartReplay starts one";
  }
  return absl::StrCat("the replay is not ", wanted, ": it is ", ReplayStateName(status_.state));
}

ReplayStatus ReplayRunner::Get() {
  absl::MutexLock lock(&mutex_);
  return StatusLocked();
}

ReplayStatus ReplayRunner::StatusLocked() const {
  ReplayStatus status = status_;
  status.etag = Etag();
  status.records_sent = records_sent_.load();
  status.records_total = records_total_.load();
  const int64_t event_time_us = event_time_us_.load();
  if (event_time_us != INT64_MIN) status.event_time_us = event_time_us;
  if (!IsActive(status.state)) return status;
  status.records_acknowledged = sink_->records_acknowledged();
  status.bytes_acknowledged = sink_->bytes_acknowledged();
  status.records_per_second = meter_.PerSecond();
  return status;
}

void ReplayRunner::Shutdown(absl::Duration timeout) {
  {
    absl::MutexLock lock(&mutex_);
    closing_ = true;
    stopping_ = true;
    give_up_ = absl::Now() + timeout;
    commands_.fetch_add(1, std::memory_order_release);
    // A Start that was let in goes on to its thread, which then ends at once.
    const auto started = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !starting_; };
    mutex_.Await(absl::Condition(&started));
  }
  if (thread_.joinable()) thread_.join();
}

void ReplayRunner::Run() {
  absl::Status status = SendAll();
  SetSending(false);
  // What went out before an error still counts once it is acknowledged.
  const absl::Status acknowledged = WaitForAcknowledgements();
  if (status.ok() || absl::IsCancelled(status)) status = acknowledged;
  End(status);
}

absl::Status ReplayRunner::SendAll() {
  absl::Status status = source_->Prepare([this] { return IsStopping(); });
  if (!status.ok()) return status;
  records_total_ = source_->records_total();
  Pacer pacer(Pace(), MonotonicNow());
  SetSending(true);
  // The first look at the commands sets the pace.
  while (true) {
    SourceRecord record;
    absl::StatusOr<bool> more = source_->Next(&record);
    if (!more.ok()) return more.status();
    if (!*more) break;
    status = SendOne(record, &pacer);
    if (absl::IsCancelled(status)) return status;
    if (!status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat("record ", records_sent_.load(), " (", record.value.size(),
                                       " bytes): ", status.message()));
    }
  }
  records_total_ = source_->records_total();
  return absl::OkStatus();
}

absl::Status ReplayRunner::SendOne(const SourceRecord& record, Pacer* pacer) {
  while (true) {
    if (absl::Status status = WaitForTurn(record, pacer); !status.ok()) return status;
    absl::Status status = sink_->Write(record.value, kStep);
    if (status.ok()) break;
    if (!absl::IsDeadlineExceeded(status)) return status;
    Measure();
  }
  if (paced_) pacer->Sent(MonotonicNow(), record.event_time_us);
  const int64_t sent = records_sent_.load(std::memory_order_relaxed) + 1;
  records_sent_.store(sent, std::memory_order_relaxed);
  if (record.event_time_us.has_value()) {
    event_time_us_.store(*record.event_time_us, std::memory_order_relaxed);
  }
  if (sent % kRecordsPerMeasure == 0) Measure();
  return absl::OkStatus();
}

absl::Status ReplayRunner::WaitForTurn(const SourceRecord& record, Pacer* pacer) {
  while (true) {
    if (HasCommand()) {
      if (absl::Status status = Obey(pacer); !status.ok()) return status;
    }
    if (!paced_) return absl::OkStatus();
    const absl::Duration delay = pacer->Delay(MonotonicNow(), record.event_time_us);
    if (delay <= absl::ZeroDuration()) return absl::OkStatus();
    Sleep(std::clamp(delay, kShortestSleep, kStep));
    Measure();
  }
}

absl::Status ReplayRunner::Obey(Pacer* pacer) {
  absl::MutexLock lock(&mutex_);
  const bool was_paused = status_.state == ReplayState::kPaused;
  const auto may_go = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || status_.state == ReplayState::kRunning;
  };
  sending_ = false;
  mutex_.Await(absl::Condition(&may_go));
  obeyed_ = commands_.load();
  if (stopping_) return absl::CancelledError("stopped");
  sending_ = true;
  const Pace& pace = status_.options.pace;
  if (pace.kind != pacer->pace().kind || pace.value != pacer->pace().value) {
    pacer->SetPace(pace, MonotonicNow());
  } else if (was_paused) {
    pacer->Resume(MonotonicNow());
  }
  paced_ = pace.kind != Pace::Kind::kUnlimited;
  return absl::OkStatus();
}

bool ReplayRunner::IsStopping() {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

void ReplayRunner::Sleep(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  const auto has_command = [this] { return HasCommand(); };
  mutex_.AwaitWithTimeout(absl::Condition(&has_command), duration);
}

void ReplayRunner::SetSending(bool sending) {
  absl::MutexLock lock(&mutex_);
  sending_ = sending;
}

void ReplayRunner::Measure() {
  absl::MutexLock lock(&mutex_);
  meter_.Add(MonotonicNow(), sink_->records_acknowledged());
}

absl::Status ReplayRunner::WaitForAcknowledgements() {
  while (true) {
    absl::Status status = sink_->Flush(kStep);
    if (!absl::IsDeadlineExceeded(status)) return status;
    Measure();
    absl::MutexLock lock(&mutex_);
    if (absl::Now() < give_up_) continue;
    const int64_t missing = records_sent_.load() - sink_->records_acknowledged();
    return absl::DeadlineExceededError(
        absl::StrCat("ended before Kafka acknowledged the last ", missing, " records"));
  }
}

void ReplayRunner::End(const absl::Status& status) {
  std::unique_ptr<RecordSink> sink;
  {
    absl::MutexLock lock(&mutex_);
    const auto may_end = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return stopping_ || status_.state == ReplayState::kRunning;
    };
    if (status.ok()) mutex_.Await(absl::Condition(&may_end));
    sink = std::move(sink_);
    status_.records_acknowledged = sink->records_acknowledged();
    status_.bytes_acknowledged = sink->bytes_acknowledged();
    status_.end_time = absl::Now();
    if (!status.ok()) {
      status_.error = std::string(status.message());
      Apply(ReplayEvent::kFail);
      LogError("replay failed",
               {{"error", status_.error}, {"records_acknowledged", status_.records_acknowledged}});
    } else {
      Apply(stopping_ ? ReplayEvent::kStop : ReplayEvent::kFinish);
      LogInfo("replay ended",
              {{"state", ReplayStateName(status_.state)},
               {"records_acknowledged", status_.records_acknowledged},
               {"bytes_acknowledged", status_.bytes_acknowledged},
               {"seconds", absl::ToDoubleSeconds(status_.end_time - status_.start_time)}});
    }
  }
  source_.reset();
}

}  // namespace windrow::producer
