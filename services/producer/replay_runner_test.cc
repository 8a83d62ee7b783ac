#include "services/producer/replay_runner.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace windrow::producer {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr int64_t kMinuteUs = 60'000'000;

// What a test and the thread of its replay share; outlives the replay.
struct World {
  absl::Mutex mutex;
  std::vector<std::string> written ABSL_GUARDED_BY(mutex);
  // Writes beyond this find no room.
  size_t room ABSL_GUARDED_BY(mutex) = SIZE_MAX;
  // Whether what is written is acknowledged.
  bool acknowledges ABSL_GUARDED_BY(mutex) = true;
  absl::Status write_error ABSL_GUARDED_BY(mutex);
  absl::Status source_error;
  // Prepare waits until it is cancelled.
  bool prepares_for_ever = false;
  absl::Notification preparing;
  int64_t records = 10;
};

class FakeSource : public RecordSource {
 public:
  explicit FakeSource(World* world) : world_(*world) {}

  absl::Status Prepare(absl::FunctionRef<bool()> cancelled) override {
    if (!world_.prepares_for_ever) return absl::OkStatus();
    world_.preparing.Notify();
    while (!cancelled()) absl::SleepFor(absl::Milliseconds(1));
    return absl::CancelledError("cancelled");
  }

  absl::StatusOr<bool> Next(SourceRecord* record) override {
    if (next_ == world_.records) {
      if (!world_.source_error.ok()) return world_.source_error;
      return false;
    }
    text_ = absl::StrCat("record ", next_);
    *record = {text_, next_ * kMinuteUs};
    ++next_;
    return true;
  }

  int64_t records_total() const override { return world_.records; }

 private:
  World& world_;
  int64_t next_ = 0;
  std::string text_;
};

class FakeSink : public RecordSink {
 public:
  explicit FakeSink(World* world) : world_(*world) {}

  absl::Status Write(absl::string_view value, absl::Duration timeout) override {
    absl::MutexLock lock(&world_.mutex);
    const auto has_room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(world_.mutex) {
      return world_.written.size() < world_.room;
    };
    if (!world_.mutex.AwaitWithTimeout(absl::Condition(&has_room), timeout)) {
      return absl::DeadlineExceededError("no room");
    }
    if (!world_.write_error.ok()) return world_.write_error;
    world_.written.emplace_back(value);
    return absl::OkStatus();
  }

  absl::Status Flush(absl::Duration timeout) override {
    absl::MutexLock lock(&world_.mutex);
    if (world_.mutex.AwaitWithTimeout(absl::Condition(&world_.acknowledges), timeout)) {
      return absl::OkStatus();
    }
    return absl::DeadlineExceededError("no acknowledgement");
  }

  int64_t records_acknowledged() const override {
    absl::MutexLock lock(&world_.mutex);
    return world_.acknowledges ? static_cast<int64_t>(world_.written.size()) : 0;
  }
  int64_t bytes_acknowledged() const override { return records_acknowledged() * 8; }

 private:
  World& world_;
};

class ReplayRunnerTest : public testing::Test {
 protected:
  ReplayRunner::Parts MakeParts() {
    ReplayRunner::Parts parts;
    parts.open_source =
        [this](const ReplayOptions&) -> absl::StatusOr<std::unique_ptr<RecordSource>> {
      if (!open_source_error_.ok()) return open_source_error_;
      return std::make_unique<FakeSource>(&world_);
    };
    parts.open_sink = [this](const ReplayOptions&) -> absl::StatusOr<std::unique_ptr<RecordSink>> {
      if (!open_sink_error_.ok()) return open_sink_error_;
      return std::make_unique<FakeSink>(&world_);
    };
    return parts;
  }

  ReplayStatus WaitFor(ReplayState state) {
    const absl::Time deadline = absl::Now() + kPatience;
    ReplayStatus status = runner_.Get();
    while (status.state != state && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(1));
      status = runner_.Get();
    }
    EXPECT_EQ(ReplayStateName(status.state), ReplayStateName(state)) << status.error;
    return status;
  }

  void WaitForWritten(size_t count) {
    absl::MutexLock lock(&world_.mutex);
    const auto enough = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(world_.mutex) {
      return world_.written.size() >= count;
    };
    EXPECT_TRUE(world_.mutex.AwaitWithTimeout(absl::Condition(&enough), kPatience));
  }

  size_t written() {
    absl::MutexLock lock(&world_.mutex);
    return world_.written.size();
  }

  void SetRoom(size_t room) {
    absl::MutexLock lock(&world_.mutex);
    world_.room = room;
  }

  void SetAcknowledges(bool acknowledges) {
    absl::MutexLock lock(&world_.mutex);
    world_.acknowledges = acknowledges;
  }

  World world_;
  absl::Status open_source_error_;
  absl::Status open_sink_error_;
  ReplayRunner runner_{MakeParts()};
};

Pace Rate(double value) { return {Pace::Kind::kRecordsPerSecond, value}; }

ReplayOptions AtRate(double value) {
  ReplayOptions options;
  options.pace = Rate(value);
  return options;
}

TEST_F(ReplayRunnerTest, SendsEverythingInOrderThenIsDone) {
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  const ReplayStatus status = WaitFor(ReplayState::kDone);
  EXPECT_EQ(status.records_sent, 10);
  EXPECT_EQ(status.records_acknowledged, 10);
  EXPECT_EQ(status.bytes_acknowledged, 80);
  EXPECT_EQ(status.records_total, 10);
  EXPECT_EQ(status.event_time_us, 9 * kMinuteUs);
  EXPECT_LE(status.start_time, status.end_time);
  absl::MutexLock lock(&world_.mutex);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(world_.written[i], absl::StrCat("record ", i));
}

TEST_F(ReplayRunnerTest, ALoopGoesOnUntilItIsStopped) {
  ReplayOptions options;
  options.loop = true;
  ASSERT_TRUE(runner_.Start(options).ok());
  WaitForWritten(35);
  const absl::StatusOr<ReplayStatus> stopped = runner_.Stop(kPatience, {});
  ASSERT_TRUE(stopped.ok());
  EXPECT_EQ(stopped->records_total, 10);
  EXPECT_GT(*stopped->event_time_us, 3 * 9 * kMinuteUs);
  absl::MutexLock lock(&world_.mutex);
  for (int i = 0; i < 35; ++i) EXPECT_EQ(world_.written[i], absl::StrCat("record ", i % 10));
}

TEST_F(ReplayRunnerTest, IsDoneOnlyWhenAllIsAcknowledged) {
  SetAcknowledges(false);
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  WaitForWritten(10);
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(runner_.Get().state, ReplayState::kRunning);
  SetAcknowledges(true);
  WaitFor(ReplayState::kDone);
}

TEST_F(ReplayRunnerTest, OneReplayAtATime) {
  SetRoom(3);
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  EXPECT_EQ(ReplayErrorReason(runner_.Start(ReplayOptions()).status()), "REPLAY_ACTIVE");
  ASSERT_TRUE(runner_.Pause({}).ok());
  EXPECT_EQ(ReplayErrorReason(runner_.Start(ReplayOptions()).status()), "REPLAY_ACTIVE");
  ASSERT_TRUE(runner_.Stop(kPatience, {}).ok());
  SetRoom(SIZE_MAX);
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  EXPECT_EQ(WaitFor(ReplayState::kDone).records_sent, 10);
}

TEST_F(ReplayRunnerTest, NothingIsSentWhilePaused) {
  world_.records = 1'000'000'000;
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  WaitForWritten(1000);
  const absl::StatusOr<ReplayStatus> paused = runner_.Pause({});
  ASSERT_TRUE(paused.ok());
  EXPECT_EQ(paused->state, ReplayState::kPaused);
  const size_t held_at = written();
  EXPECT_EQ(static_cast<int64_t>(held_at), paused->records_sent);
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(written(), held_at);
  ASSERT_TRUE(runner_.Resume({}).ok());
  WaitForWritten(held_at + 1000);
  const absl::StatusOr<ReplayStatus> stopped = runner_.Stop(kPatience, {});
  ASSERT_TRUE(stopped.ok());
  EXPECT_EQ(stopped->state, ReplayState::kStopped);
  EXPECT_EQ(stopped->records_sent, stopped->records_acknowledged);
  EXPECT_EQ(static_cast<int64_t>(written()), stopped->records_sent);
}

TEST_F(ReplayRunnerTest, PausesWhileThereIsNoRoom) {
  SetRoom(3);
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  WaitForWritten(3);
  ASSERT_TRUE(runner_.Pause({}).ok());
  SetRoom(SIZE_MAX);
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(written(), 3u);
  ASSERT_TRUE(runner_.Resume({}).ok());
  WaitFor(ReplayState::kDone);
  EXPECT_EQ(written(), 10u);
}

TEST_F(ReplayRunnerTest, APauseAfterTheLastRecordHoldsTheEnd) {
  SetAcknowledges(false);
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  WaitForWritten(10);
  ASSERT_TRUE(runner_.Pause({}).ok());
  SetAcknowledges(true);
  absl::SleepFor(absl::Milliseconds(150));
  EXPECT_EQ(runner_.Get().state, ReplayState::kPaused);
  ASSERT_TRUE(runner_.Resume({}).ok());
  WaitFor(ReplayState::kDone);
}

TEST_F(ReplayRunnerTest, CommandsNeedTheRightState) {
  EXPECT_EQ(runner_.Get().state, ReplayState::kNone);
  EXPECT_EQ(ReplayErrorReason(runner_.Pause({}).status()), "REPLAY_NOT_RUNNING");
  EXPECT_EQ(ReplayErrorReason(runner_.Resume({}).status()), "REPLAY_NOT_PAUSED");
  EXPECT_EQ(ReplayErrorReason(runner_.Stop(kPatience, {}).status()), "REPLAY_NOT_ACTIVE");
  EXPECT_EQ(ReplayErrorReason(runner_.UpdatePace(Pace(), {}).status()), "REPLAY_NOT_ACTIVE");
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  WaitFor(ReplayState::kDone);
  EXPECT_EQ(ReplayErrorReason(runner_.Pause({}).status()), "REPLAY_NOT_RUNNING");
  EXPECT_EQ(ReplayErrorReason(runner_.Stop(kPatience, {}).status()), "REPLAY_NOT_ACTIVE");
}

TEST_F(ReplayRunnerTest, AnEtagIsOfOneStateAndPace) {
  const std::string none = runner_.Get().etag;
  SetRoom(3);
  const std::string running = runner_.Start(ReplayOptions())->etag;
  EXPECT_NE(running, none);
  WaitForWritten(3);
  EXPECT_EQ(runner_.Get().etag, running) << "counts are no change";
  EXPECT_EQ(ReplayErrorReason(runner_.Pause({none, false}).status()), "ETAG_MISMATCH");
  // What is only checked changes nothing, and says what it would be.
  EXPECT_EQ(runner_.Pause({running, true})->state, ReplayState::kPaused);
  EXPECT_EQ(runner_.Stop(kPatience, {running, true})->state, ReplayState::kStopped);
  EXPECT_EQ(runner_.UpdatePace({Pace::Kind::kSpeedup, 7}, {running, true})->options.pace.value, 7);
  EXPECT_EQ(ReplayErrorReason(runner_.Resume({running, true}).status()), "REPLAY_NOT_PAUSED");
  EXPECT_EQ(runner_.Get().etag, running);
  EXPECT_EQ(runner_.Get().state, ReplayState::kRunning);
  const std::string paced = runner_.UpdatePace({Pace::Kind::kSpeedup, 7}, {running, false})->etag;
  EXPECT_NE(paced, running);
  const std::string paused = runner_.Pause({paced, false})->etag;
  EXPECT_NE(paused, paced);
  EXPECT_EQ(ReplayErrorReason(runner_.Resume({paced, false}).status()), "ETAG_MISMATCH");
  ASSERT_TRUE(runner_.Resume({paused, false}).ok());
  EXPECT_EQ(ReplayErrorReason(runner_.Stop(kPatience, {paused, false}).status()), "ETAG_MISMATCH");
  ASSERT_TRUE(runner_.Stop(kPatience, {runner_.Get().etag, false}).ok());
}

TEST_F(ReplayRunnerTest, PaceChangesWhileItWaits) {
  ASSERT_TRUE(runner_.Start(AtRate(0.001)).ok());
  WaitForWritten(1);
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(written(), 1u);
  const absl::StatusOr<ReplayStatus> status = runner_.UpdatePace(Pace(), {});
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->options.pace.kind, Pace::Kind::kUnlimited);
  WaitFor(ReplayState::kDone);
}

TEST_F(ReplayRunnerTest, KeepsTheRate) {
  const absl::Time start = absl::Now();
  ASSERT_TRUE(runner_.Start(AtRate(50)).ok());
  WaitFor(ReplayState::kDone);
  // Ten records, nine distances of 20 ms.
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(179));
}

TEST_F(ReplayRunnerTest, KeepsTheSpeedup) {
  ReplayOptions options;
  options.pace = {Pace::Kind::kSpeedup, 3000};
  const absl::Time start = absl::Now();
  ASSERT_TRUE(runner_.Start(options).ok());
  WaitFor(ReplayState::kDone);
  // Nine minutes of event time.
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(179));
}

TEST_F(ReplayRunnerTest, StopsWhilePreparing) {
  world_.prepares_for_ever = true;
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  world_.preparing.WaitForNotification();
  const absl::StatusOr<ReplayStatus> status = runner_.Stop(kPatience, {});
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->state, ReplayState::kStopped);
  EXPECT_EQ(written(), 0u);
}

TEST_F(ReplayRunnerTest, StopSaysWhenItTakesLonger) {
  SetAcknowledges(false);
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  WaitForWritten(10);
  EXPECT_EQ(ReplayErrorReason(runner_.Stop(absl::Milliseconds(10), {}).status()),
            "REPLAY_STOPPING");
  SetAcknowledges(true);
  WaitFor(ReplayState::kStopped);
}

TEST_F(ReplayRunnerTest, ErrorsOfTheSinkFailTheReplay) {
  {
    absl::MutexLock lock(&world_.mutex);
    world_.write_error = absl::InvalidArgumentError("too large");
  }
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  const ReplayStatus status = WaitFor(ReplayState::kFailed);
  EXPECT_EQ(status.error, "record 0 (8 bytes): too large");
  EXPECT_EQ(status.records_sent, 0);
}

TEST_F(ReplayRunnerTest, ErrorsOfTheSourceFailTheReplayAfterWhatWasSent) {
  world_.source_error = absl::InvalidArgumentError("cut short");
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  const ReplayStatus status = WaitFor(ReplayState::kFailed);
  EXPECT_EQ(status.error, "cut short");
  EXPECT_EQ(status.records_acknowledged, 10);
}

TEST_F(ReplayRunnerTest, AFailedStartLeavesTheLastReplay) {
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  WaitFor(ReplayState::kDone);
  open_source_error_ = absl::NotFoundError("no file");
  EXPECT_EQ(ReplayErrorReason(runner_.Start(ReplayOptions()).status()), "DATASET_NOT_FOUND");
  open_source_error_ = absl::InvalidArgumentError("a directory");
  EXPECT_EQ(ReplayErrorReason(runner_.Start(ReplayOptions()).status()), "DATASET_UNREADABLE");
  open_source_error_ = absl::OkStatus();
  open_sink_error_ = absl::NotFoundError("no topic");
  EXPECT_EQ(ReplayErrorReason(runner_.Start(ReplayOptions()).status()), "TOPIC_NOT_FOUND");
  open_sink_error_ = absl::UnavailableError("away");
  EXPECT_EQ(ReplayErrorReason(runner_.Start(ReplayOptions()).status()), "KAFKA_UNAVAILABLE");
  EXPECT_EQ(runner_.Get().state, ReplayState::kDone);
  EXPECT_EQ(runner_.Get().records_sent, 10);
}

TEST_F(ReplayRunnerTest, ShutdownGivesUpInTime) {
  SetAcknowledges(false);
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  WaitForWritten(10);
  const absl::Time start = absl::Now();
  runner_.Shutdown(absl::Milliseconds(100));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  const ReplayStatus status = runner_.Get();
  EXPECT_EQ(status.state, ReplayState::kFailed);
  EXPECT_EQ(status.error, "ended before Kafka acknowledged the last 10 records");
  EXPECT_EQ(ReplayErrorReason(runner_.Start(ReplayOptions()).status()), "SHUTTING_DOWN");
}

TEST_F(ReplayRunnerTest, ShutdownEndsAPausedReplay) {
  SetRoom(3);
  ASSERT_TRUE(runner_.Start(ReplayOptions()).ok());
  ASSERT_TRUE(runner_.Pause({}).ok());
  runner_.Shutdown(kPatience);
  EXPECT_EQ(runner_.Get().state, ReplayState::kStopped);
}

}  // namespace
}  // namespace windrow::producer
