// A worker by itself, stepped, on a cluster in memory: what random worlds found
// (//services/aggregator/simulation), in the fewest steps.
#include "services/aggregator/worker/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/aggregator/source/pipeline_loader.h"
#include "services/aggregator/worker/live_settings.h"
#include "services/aggregator/worker/shared_alignment.h"
#include "services/platform/memory_log/disturbance.h"
#include "services/platform/memory_log/memory_cluster.h"
#include "services/platform/memory_log/virtual_clock.h"
#include "services/platform/record_log/group_consumer.h"
#include "windrow/pipeline/v1/pipeline.pb.h"
#include "windrow/results/v1/result.pb.h"

namespace windrow::aggregator {
namespace {

using memory_log::Call;
using memory_log::Fate;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Not;

class Bystander : public record_log::AssignmentListener {
  void OnAssigned(const std::vector<record_log::TopicPartition>&) override {}
  void OnRevoked(bool) override {}
};

class WorkerTest : public testing::Test, private memory_log::Disturbance {
 protected:
  WorkerTest() {
    pipeline_.set_name("pipelines/p");
    pipeline_.set_source_topic("source");
    pipeline_.set_merge_partitions(1);
    pipeline_.mutable_event_time()->set_field("at");
    windrow::pipeline::v1::View* view = pipeline_.add_views();
    view->set_id("by-kind");
    view->add_group_by("kind");
    view->mutable_window()->mutable_tumbling()->mutable_size()->set_seconds(60);
    windrow::pipeline::v1::Aggregate* aggregate = view->add_aggregates();
    aggregate->set_name("count");
    aggregate->mutable_count();
    view->mutable_emit()->set_mode(windrow::pipeline::v1::Emit::MODE_INTERVAL);
    view->mutable_emit()->mutable_interval()->set_seconds(1);
    plan_ = *MakePlan(pipeline_);
    cluster_.CreateTopic("source", 1);
    for (const std::string& topic : {topics_.partials, topics_.snapshots, topics_.results}) {
      cluster_.CreateTopic(topic, plan_->merge_partitions);
    }
    cluster_.CreateTopic(topics_.dead_letter, 1);
  }

  void Start() { StartWith(&settings_); }

  void WriteRowsWithEachCommit() {
    pipeline_.mutable_views(0)->clear_emit();
    plan_ = *MakePlan(pipeline_);
  }

  Worker::Options OptionsOf(const std::string& replica, const LiveSettings* settings) {
    Worker::Options options;
    options.cluster = &cluster_;
    options.clock = &clock_;
    options.plan = plan_;
    options.replica = replica;
    options.settings = settings;
    options.purge = [](const std::string&, int, int64_t) {};
    options.on_fatal = [](const std::string& reason) { ADD_FAILURE() << reason; };
    return options;
  }

  void StartWith(const LiveSettings* settings) {
    worker_ = std::make_unique<Worker>(OptionsOf("r", settings));
    ASSERT_TRUE(worker_->Connect().ok());
  }

  void Write(int partition) {
    memory_log::StoredRecord record;
    record.timestamp_ms = absl::ToUnixMillis(clock_.Now());
    record.has_value = true;
    record.value = R"({"at":"2020-01-01T00:00:00Z","kind":"a"})";
    cluster_.Append({"source", partition}, std::move(record));
  }

  void Run(absl::Duration duration) {
    const absl::Time end = clock_.Now() + duration;
    while (clock_.Now() < end) {
      worker_->Round();
      worker_->CommitSubmitted();
      clock_.Advance(absl::Milliseconds(5));
    }
  }

  // What all frames say of the sources' idleness.
  std::vector<EventSpan> Idleness() {
    std::vector<EventSpan> idle;
    cluster_.VisitCommitted({topics_.partials, 0}, 0,
                            [&](int64_t, const memory_log::StoredRecord& record) {
                              const auto frame = DecodeFrame(*plan_, record.value);
                              ASSERT_TRUE(frame.ok()) << frame.status();
                              for (const SourcePosition& position : frame->positions) {
                                idle.push_back(position.idle_for);
                              }
                            });
    return idle;
  }

  // Records counted in the row that was written last.
  uint64_t LastAccepted() {
    uint64_t accepted = 0;
    cluster_.VisitCommitted({topics_.results, 0}, 0,
                            [&](int64_t, const memory_log::StoredRecord& record) {
                              windrow::results::v1::ResultRecord result;
                              ASSERT_TRUE(result.ParseFromString(record.value));
                              if (result.has_row()) accepted = result.row().accepted();
                            });
    return accepted;
  }

  void OnCall(const std::string&, Call call) override {
    if (call == Call::kQueryOffsets) clock_.Advance(query_takes_);
    if (call == Call::kOpenReader) ++readers_opened_;
    if (call == Call::kBegin && on_begin_ != nullptr) std::exchange(on_begin_, nullptr)();
  }
  Fate FateOf(const std::string&, Call call) override {
    return call == Call::kQueryOffsets && queries_to_fail_-- > 0 ? Fate::kLost : Fate::kDone;
  }

  int Fetched(int wanted) override { return std::min(wanted, most_fetched_); }

  windrow::pipeline::v1::Pipeline pipeline_;
  memory_log::VirtualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  memory_log::MemoryCluster cluster_{&clock_, this};
  const PipelineTopics topics_{"p"};
  std::shared_ptr<const PipelinePlan> plan_;
  LiveSettings settings_;
  std::unique_ptr<Worker> worker_;
  absl::Duration query_takes_;
  // What happens when a transaction begins, once.
  std::function<void()> on_begin_;
  int queries_to_fail_ = 0;
  int readers_opened_ = 0;
  int most_fetched_ = std::numeric_limits<int>::max();
};

// A frame with a negative idleness is one that nobody can read: the pipeline would be lost.
TEST_F(WorkerTest, NoSourceIsIdleForLessThanNoTime) {
  query_takes_ = absl::Seconds(2);
  Start();
  Write(0);
  Run(absl::Seconds(20));
  EXPECT_THAT(Idleness(), Not(IsEmpty()));
  EXPECT_THAT(Idleness(), Each(Ge(0)));
}

// Each record is read, and the end of the log reached again, between two looks at idleness.
TEST_F(WorkerTest, ASourceThatGetsARecordNowAndThenIsNotIdle) {
  Start();
  for (int i = 0; i < 20; ++i) {
    Write(0);
    Run(absl::Milliseconds(700));
  }
  EXPECT_THAT(Idleness(), Each(Eq(0)));
  Run(absl::Seconds(5));
  EXPECT_THAT(Idleness(), Contains(Ge(3 * kMicrosPerSecond)));
}

// Else its windows would close before the limit lets their records through.
TEST_F(WorkerTest, ASourceThatIsHeldBackIsNotIdle) {
  settings_.records_per_second_per_partition = 1;
  for (int i = 0; i < 30; ++i) Write(0);
  Start();
  Run(absl::Seconds(20));
  EXPECT_THAT(Idleness(), Not(IsEmpty()));
  EXPECT_THAT(Idleness(), Each(Eq(0)));
  settings_.records_per_second_per_partition = 0;
  Run(absl::Seconds(5));
  EXPECT_THAT(Idleness(), Contains(Ge(kMicrosPerSecond))) << "once all is read, it is";
}

// Time in which nobody looked is not idleness: records may have come since.
TEST_F(WorkerTest, ASourceIsIdleForAsLongAsItWasSeenToBe) {
  cluster_.CreateTopic("source", 2);
  Start();
  Write(0);
  Write(1);
  Run(absl::Seconds(3));
  EXPECT_THAT(Idleness(), Contains(Ge(kMicrosPerSecond)));
  clock_.Advance(absl::Seconds(10));
  Write(0);
  Write(1);
  clock_.Advance(absl::Seconds(60));
  // The worker, which stood still, reads one of them before it looks at both.
  Run(absl::Milliseconds(500));
  EXPECT_THAT(Idleness(), Each(Le(10 * kMicrosPerSecond)));
}

// Each look is at a log of its own.
TEST_F(WorkerTest, NewSourcesAreLookedForTogether) {
  cluster_.CreateTopic("source", 5);
  Start();
  for (int partition = 0; partition < 5; ++partition) Write(partition);
  Run(absl::Seconds(1));
  EXPECT_EQ(worker_->status().counts.records_processed, 5);
  EXPECT_EQ(readers_opened_, 1);
}

TEST_F(WorkerTest, StateThatWasKeptIsUsedOnceEvenIfTheRestFails) {
  Start();
  Write(0);
  Run(absl::Seconds(1));
  EXPECT_EQ(worker_->status().state, WorkerState::kRunning);
  // A new partition: a rebalance, which leaves the merge partitions here, and an offset to look up.
  queries_to_fail_ = 2;
  cluster_.CreateTopic("source", 2);
  Write(1);
  Run(absl::Seconds(2));
  EXPECT_LT(queries_to_fail_, 0);
  EXPECT_EQ(worker_->status().state, WorkerState::kRunning) << worker_->status().error;
  EXPECT_EQ(worker_->status().counts.records_processed, 2);
}

// Rows that wait for their view's interval are sealed without a new frame: lost with their batch,
// they have to be written again, though the state is that of the committed offset.
TEST_F(WorkerTest, RowsOfABatchThatWasDroppedAreWrittenLater) {
  // Another member of the group, for which a rebalance waits.
  cluster_.CreateTopic("elsewhere", 1);
  Bystander bystander;
  record_log::GroupConsumer::Options options;
  options.group = topics_.group;
  options.topics = {"elsewhere"};
  const auto other = *cluster_.JoinGroup("other", options, &bystander);
  Start();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(other->Poll(absl::ZeroDuration()).ok());
    worker_->Round();
  }
  Write(0);
  for (int i = 0; i < 100 && LastAccepted() == 0; ++i) Run(absl::Milliseconds(20));
  EXPECT_EQ(LastAccepted(), 1u);
  Write(0);
  Run(absl::Milliseconds(200));
  EXPECT_EQ(LastAccepted(), 1u) << "the interval is not over";
  clock_.Advance(absl::Seconds(1));
  worker_->Round();
  // There is a rebalance before it is committed, and the batch is dropped before the partitions
  // come back.
  cluster_.CreateTopic("source", 2);
  worker_->Round();
  EXPECT_TRUE(worker_->CommitSubmitted());
  worker_->Round();
  EXPECT_EQ(worker_->status().state, WorkerState::kStarting);
  EXPECT_TRUE(other->Poll(absl::ZeroDuration()).ok());
  Run(absl::Seconds(5));
  EXPECT_EQ(worker_->status().state, WorkerState::kRunning);
  EXPECT_EQ(worker_->status().counts.aborts, 1);
  EXPECT_EQ(LastAccepted(), 2u);
}

// A worker that owns everything knows where its frames will be, and need not read them back.
TEST_F(WorkerTest, RowsGoOutWithTheFramesThatTheyAreMadeOf) {
  WriteRowsWithEachCommit();
  Start();
  Write(0);
  Run(absl::Seconds(1));
  ASSERT_EQ(LastAccepted(), 1u);
  for (uint64_t records = 2; records <= 5; ++records) {
    const size_t frames = Idleness().size();
    Write(0);
    for (int i = 0; i < 100 && Idleness().size() == frames; ++i) {
      worker_->Round();
      worker_->CommitSubmitted();
      clock_.Advance(absl::Milliseconds(5));
    }
    EXPECT_EQ(LastAccepted(), records);
  }
  Run(absl::Seconds(1));
  EXPECT_EQ(LastAccepted(), 5u);
  EXPECT_EQ(worker_->status().counts.aborts, 0);
}

// That sources begin is told first; it does not hold up the records.
TEST_F(WorkerTest, WithABacklogTheFirstRecordsAreCommittedAtOnce) {
  for (int i = 0; i < 25'000; ++i) Write(0);
  most_fetched_ = 0;
  Start();
  Run(absl::Milliseconds(20));
  most_fetched_ = 10;
  Run(absl::Milliseconds(100));
  EXPECT_GT(cluster_.CommittedOffsets(topics_.group).at({"source", 0}).offset.value_or(0), 0);
}

TEST_F(WorkerTest, AFrameThatIsNotWhereItWasExpectedIsNotCommitted) {
  WriteRowsWithEachCommit();
  Start();
  Write(0);
  Run(absl::Seconds(1));
  // Nothing that a reader sees, but it takes up offsets.
  const auto other =
      *cluster_.TakeTransactionalId("other", "other", absl::Seconds(10), absl::Seconds(1));
  const absl::Time deadline = clock_.Now() + absl::Seconds(1);
  ASSERT_TRUE(other->Begin().ok());
  ASSERT_TRUE(other->Produce(topics_.partials, 0, "", "nothing", deadline, nullptr).ok());
  ASSERT_TRUE(other->Abort(deadline).ok());
  Write(0);
  Run(absl::Seconds(2));
  EXPECT_EQ(worker_->status().counts.aborts, 1);
  EXPECT_EQ(LastAccepted(), 2u);
  // It is not tried again for a while.
  ASSERT_TRUE(other->Begin().ok());
  ASSERT_TRUE(
      other->Produce(topics_.partials, 0, "", "", clock_.Now() + absl::Seconds(1), nullptr).ok());
  ASSERT_TRUE(other->Abort(clock_.Now() + absl::Seconds(1)).ok());
  Write(0);
  Run(absl::Seconds(2));
  EXPECT_EQ(worker_->status().counts.aborts, 1);
  EXPECT_EQ(LastAccepted(), 3u);
}

TEST_F(WorkerTest, WhatIsPausedIsNeitherReadNorIdleNorDrained) {
  Start();
  Write(0);
  Run(absl::Seconds(35));
  ASSERT_GE(Idleness().back(), 30 * kMicrosPerSecond);
  settings_.paused = true;
  Write(0);
  settings_.drain_generation = 1;
  Run(absl::Seconds(60));
  EXPECT_EQ(worker_->status().counts.records_processed, 1);
  EXPECT_EQ(Idleness().back(), 0);
  ASSERT_EQ(worker_->status().sources.size(), 1u);
  EXPECT_EQ(worker_->status().sources[0].position.end_offset, 1);
  EXPECT_EQ(worker_->status().sources[0].log_end, 2);
  EXPECT_EQ(worker_->status().merges[0].drain_generation, 0);
  settings_.paused = false;
  Run(absl::Seconds(2));
  EXPECT_EQ(worker_->status().counts.records_processed, 2);
  EXPECT_EQ(worker_->status().merges[0].drain_generation, 1);
}

// Commits that only say for how long it is idle are none of its.
TEST_F(WorkerTest, ASourceTellsWhenItsRecordsWereCommitted) {
  Start();
  Run(absl::Seconds(3));
  ASSERT_EQ(worker_->status().sources.size(), 1u);
  EXPECT_EQ(worker_->status().sources[0].commit_time, absl::InfinitePast());
  const absl::Time written = clock_.Now();
  Write(0);
  Run(absl::Seconds(20));
  ASSERT_THAT(Idleness(), Contains(Ge(10 * kMicrosPerSecond)));
  EXPECT_GT(worker_->status().sources[0].commit_time, written);
  EXPECT_LT(worker_->status().sources[0].commit_time, written + absl::Seconds(1));
}

// Else a record could be joined with older tables than one before it.
TEST_F(WorkerTest, AnOwnerWithOlderTablesWaits) {
  settings_.SetPlan(*MakePlan(pipeline_, 2));
  Start();
  Write(0);
  Run(absl::Seconds(1));
  worker_->Leave();
  worker_ = nullptr;
  LiveSettings others;
  StartWith(&others);
  Write(0);
  Run(absl::Seconds(5));
  EXPECT_EQ(worker_->status().state, WorkerState::kRestoring);
  EXPECT_THAT(worker_->status().error, HasSubstr("of generation 2 are not known here yet"));
  EXPECT_EQ(worker_->status().counts.records_processed, 0);
  others.SetPlan(*MakePlan(pipeline_, 1));
  Run(absl::Seconds(5));
  EXPECT_EQ(worker_->status().state, WorkerState::kRestoring);
  others.SetPlan(*MakePlan(pipeline_, 2));
  Run(absl::Seconds(2));
  EXPECT_EQ(worker_->status().state, WorkerState::kRunning) << worker_->status().error;
  EXPECT_EQ(worker_->status().counts.records_processed, 1);
  EXPECT_EQ(LastAccepted(), 2u);
}

TEST_F(WorkerTest, ReadsNoFurtherWithMoreStateThanAllowed) {
  Start();
  Write(0);
  Run(absl::Seconds(2));
  EXPECT_EQ(LastAccepted(), 1u);
  settings_.state_limit_bytes = 1;
  Run(absl::Seconds(1));
  Write(0);
  Run(absl::Seconds(5));
  EXPECT_EQ(worker_->status().state, WorkerState::kBlocked);
  EXPECT_EQ(worker_->status().counts.records_processed, 2) << "the source is read on";
  EXPECT_EQ(LastAccepted(), 1u);
  settings_.state_limit_bytes = 1'000'000;
  Run(absl::Seconds(2));
  EXPECT_EQ(worker_->status().state, WorkerState::kRunning);
  EXPECT_EQ(LastAccepted(), 2u);
}

// Two partitions, months apart, each read by a worker of its own; at most 10 records are found at a
// time.
class AlignmentTest : public WorkerTest {
 protected:
  static constexpr int kRecords = 400;

  AlignmentTest() { cluster_.CreateTopic("source", 2); }

  // One a minute.
  void WriteMinutes(int partition, absl::Time begin) {
    for (int i = 0; i < kRecords; ++i) {
      memory_log::StoredRecord record;
      record.timestamp_ms = absl::ToUnixMillis(clock_.Now());
      record.has_value = true;
      record.value = absl::StrCat(
          R"({"kind":"a","at":")",
          absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", begin + absl::Minutes(i), absl::UTCTimeZone()),
          "\"}");
      cluster_.Append({"source", partition}, std::move(record));
    }
  }

  int Fetched(int wanted) override { return std::min(wanted, 10); }

  // What a replica says of what its worker reads.
  static std::map<int, SharedAlignment::Source> Told(const Worker& worker) {
    std::map<int, SharedAlignment::Source> told;
    for (const WorkerStatus::Source& source : worker.status().sources) {
      const SourcePosition& position = source.position;
      told[position.partition] = {position.partition, position.max_event_time,
                                  source.log_end > position.end_offset, position.end_offset};
    }
    return told;
  }

  bool IsRead(int partition) {
    const auto committed = cluster_.CommittedOffsets(topics_.group);
    const auto found = committed.find({"source", partition});
    return found != committed.end() && found->second.offset == kRecords;
  }

  // Runs two workers until all is read. Returns the most cells that were open at a time, as long as
  // there was more to read of the slower partition: once at its end, it keeps windows open until it
  // is idle, and keeps nobody from reading.
  int64_t MostOpen(SharedAlignment* first, SharedAlignment* second) {
    WriteMinutes(0, absl::FromCivil(absl::CivilDay(2020, 1, 1), absl::UTCTimeZone()));
    WriteMinutes(1, absl::FromCivil(absl::CivilDay(2020, 6, 1), absl::UTCTimeZone()));
    std::vector<std::unique_ptr<Worker>> workers;
    // Until both have their share.
    settings_.paused = true;
    for (SharedAlignment* const alignment : {first, second}) {
      Worker::Options options = OptionsOf(workers.empty() ? "r" : "s", &settings_);
      options.alignment = alignment;
      workers.push_back(std::make_unique<Worker>(std::move(options)));
      EXPECT_TRUE(workers.back()->Connect().ok());
    }
    int64_t most = 0;
    for (int step = 0; step < 12'000; ++step) {
      for (const auto& worker : workers) {
        worker->Round();
        worker->CommitSubmitted();
        if (IsRead(0)) continue;
        for (const auto& merge : worker->status().merges) most = std::max(most, merge.open_cells);
      }
      if (first != second && step % 200 == 0) {
        first->Hear(Told(*workers[1]), clock_.Now());
        second->Hear(Told(*workers[0]), clock_.Now());
      }
      if (step == 800) {
        for (const auto& worker : workers) EXPECT_EQ(worker->status().sources.size(), 1u);
        settings_.paused = false;
      }
      clock_.Advance(absl::Milliseconds(5));
    }
    EXPECT_TRUE(IsRead(0));
    EXPECT_TRUE(IsRead(1)) << "nobody waits for ever";
    return most;
  }
};

TEST_F(AlignmentTest, WorkersOfAReplicaKeepFewWindowsOpen) {
  SharedAlignment alignment;
  EXPECT_LT(MostOpen(&alignment, &alignment), kRecords / 4);
}

TEST_F(AlignmentTest, SoDoThoseOfTwoReplicas) {
  SharedAlignment first;
  SharedAlignment second;
  EXPECT_LT(MostOpen(&first, &second), kRecords / 4);
}

TEST_F(AlignmentTest, WithoutItAllWindowsAreOpenTogether) {
  EXPECT_GT(MostOpen(nullptr, nullptr), kRecords / 2);
}

// A batch is committed by who the worker was when it was sealed: here it loses its partitions in
// the middle of the commit, gets them back, and reads the same record again.
TEST_F(WorkerTest, ABatchOfAnEarlierGenerationIsNotCommitted) {
  Start();
  Write(0);
  Run(absl::Seconds(2));
  EXPECT_EQ(LastAccepted(), 1u);
  Write(0);
  bool taken_up_again = false;
  on_begin_ = [&] {
    cluster_.CreateTopic("source", 2);
    for (int i = 0; i < 100; ++i) {
      worker_->Round();
      clock_.Advance(absl::Milliseconds(20));
    }
    taken_up_again = worker_->status().state == WorkerState::kRunning;
  };
  for (int i = 0; i < 100 && on_begin_ != nullptr; ++i) Run(absl::Milliseconds(5));
  EXPECT_TRUE(taken_up_again);
  Run(absl::Seconds(5));
  EXPECT_EQ(worker_->status().counts.aborts, 1);
  EXPECT_EQ(LastAccepted(), 2u);
  EXPECT_EQ(cluster_.CommittedOffsets(topics_.group).at({"source", 0}).offset, 2);
}

TEST_F(WorkerTest, LeavesWhatItCountedToTheNext) {
  Start();
  Write(0);
  Run(absl::Seconds(1));
  Write(0);
  worker_->Round();
  worker_->Leave();
  EXPECT_EQ(cluster_.CommittedOffsets(topics_.group).at({"source", 0}).offset, 1)
      << "nobody commits but the other thread";
  worker_ = nullptr;
  Start();
  Run(absl::Seconds(1));
  EXPECT_EQ(cluster_.CommittedOffsets(topics_.group).at({"source", 0}).offset, 2);
}

}  // namespace
}  // namespace windrow::aggregator
