// What sink/batch_committer.h commits, source/merge_restorer.h restores: against a real broker,
// named by WINDROW_TEST_KAFKA (HOST:PORT).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/aggregator/core/combiner.h"
#include "services/aggregator/core/merger.h"
#include "services/aggregator/core/pipeline_plan.h"
#include "services/aggregator/core/snapshot_value.h"
#include "services/aggregator/sink/batch_committer.h"
#include "services/aggregator/sink/dead_letter.h"
#include "services/aggregator/sink/frame_encoder.h"
#include "services/aggregator/sink/pipeline_topics.h"
#include "services/aggregator/sink/snapshot_encoder.h"
#include "services/aggregator/source/frame_decoder.h"
#include "services/aggregator/source/merge_restorer.h"
#include "services/platform/kafka/group_metadata.h"
#include "services/platform/kafka/kafka_cluster.h"
#include "services/platform/kafka/kafka_config.h"
#include "services/platform/kafka/partition_reader.h"
#include "services/platform/kafka/record_headers.h"
#include "services/platform/kafka/topic_admin.h"
#include "services/platform/runtime/clock.h"

namespace windrow::aggregator {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr int kMerges = 2;

class CommitRestoreTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const broker = std::getenv("WINDROW_TEST_KAFKA");
    ASSERT_NE(broker, nullptr) << "WINDROW_TEST_KAFKA=HOST:PORT must name a broker";
    config_.bootstrap_servers = broker;
    config_.client_id = "commit_restore_test";
    cluster_ = std::make_unique<kafka::KafkaCluster>(config_);
    PipelinePlan plan;
    plan.id = absl::StrCat("t-", absl::ToUnixMicros(absl::Now()));
    plan.source_topic = plan.id + ".source";
    plan.fields = {"type"};
    plan.event_time_field = "at";
    plan.watermark_delay = 5 * kMicrosPerMinute;
    plan.merge_partitions = kMerges;
    plan.views.emplace_back();
    plan.views.back().id = "by-type";
    plan.views.back().window = *WindowSpec::Create(10 * kMicrosPerMinute, 5 * kMicrosPerMinute, 0);
    plan.views.back().group_fields = {0};
    plan.views.back().aggregates.emplace_back();
    plan.views.back().aggregates.back().name = "count";
    plan_ = std::make_shared<const PipelinePlan>(std::move(plan));
    topics_ = std::make_unique<PipelineTopics>(plan_->id);
    admin_ = *kafka::TopicAdmin::Create(config_);
    const absl::Status made = admin_->EnsureTopics({{plan_->source_topic, 1, {}},
                                                    {topics_->partials, kMerges, {}},
                                                    {topics_->snapshots, kMerges, {}},
                                                    {topics_->results, kMerges, {}},
                                                    {topics_->dead_letter, 1, {}}},
                                                   kPatience);
    ASSERT_TRUE(made.ok()) << made;
    combiner_ = std::make_unique<Combiner>(*Combiner::Create(plan_));
    SourcePosition start;
    combiner_->AddSource(start);
    combiner_->SetPartitions(1);
  }

  std::unique_ptr<BatchCommitter> MakeCommitter(const std::string& slot = "0") {
    BatchCommitter::Options options;
    options.cluster = cluster_.get();
    options.client_id = config_.client_id;
    options.transactional_id = absl::StrCat(plan_->id, ".", slot);
    options.plan = plan_;
    options.on_result = [] {};
    auto committer = std::make_unique<BatchCommitter>(std::move(options));
    const absl::Status connected = committer->Connect(kPatience);
    EXPECT_TRUE(connected.ok()) << connected;
    if (connected.ok()) committer->Start();
    return committer;
  }

  // A batch of `records` records of the next quarter of an hour.
  SealedBatch Count(int records) {
    for (int i = 0; i < records; ++i) {
      RecordFields fields;
      const std::string time =
          absl::FormatTime("%E4Y-%m-%dT%H:%M:%SZ",
                           absl::FromUnixSeconds(clock_ + static_cast<int64_t>(random_() % 900)),
                           absl::UTCTimeZone());
      const std::string type = absl::StrCat("type-", random_() % 20);
      fields.event_time = time;
      fields.values = {absl::string_view(type)};
      combiner_->Add(0, next_source_offset_++, absl::ToUnixMicros(absl::Now()), fields);
    }
    clock_ += 300;
    SealedBatch batch;
    batch.epoch = 1;
    // Of no member: such a commit is not fenced.
    batch.group = kafka::ClientGroupMetadata::OfNoMember(topics_->group);
    Combiner::Batch counted = combiner_->Seal();
    for (const SourcePosition& position : counted.positions) {
      batch.offsets.push_back({plan_->source_topic, position.partition, position.end_offset,
                               EncodeSourceCheckpoint(position)});
    }
    batch.frames = std::move(counted.frames);
    return batch;
  }

  static CommitResult Commit(BatchCommitter* committer, SealedBatch batch) {
    committer->Submit(std::move(batch));
    EXPECT_TRUE(committer->busy());
    absl::optional<CommitResult> result = committer->TakeResult(absl::Now() + absl::Seconds(40));
    EXPECT_TRUE(result.has_value());
    return result.value_or(CommitResult());
  }

  struct Record {
    int partition = 0;
    int64_t offset = 0;
    std::string key;
    std::string value;
    kafka::RecordHeaders headers;
  };

  // All that is visible in a topic, once that is as much as `at_least`: a commit is answered before
  // its markers are in all partitions.
  std::vector<Record> Visible(const std::string& topic, int partitions, size_t at_least = 0) {
    std::vector<kafka::StartPosition> starts;
    for (int p = 0; p < partitions; ++p) starts.push_back({topic, p, 0});
    const auto reader = *kafka::PartitionReader::Create(config_, starts);
    std::vector<Record> records;
    const absl::Time deadline = absl::Now() + kPatience;
    while ((!reader->at_end() || records.size() < at_least) && absl::Now() < deadline) {
      const auto read = reader->Read(100, absl::Milliseconds(100), [&](const kafka::RecordView& r) {
        records.push_back(
            {r.partition, r.offset, std::string(r.key), std::string(r.value), r.headers()});
      });
      EXPECT_TRUE(read.ok()) << read.status();
    }
    return records;
  }

  absl::StatusOr<std::vector<RestoredMerge>> Restore(const std::vector<RestoreRequest>& requests,
                                                     absl::Duration timeout = kPatience) {
    return RestoreMerges(cluster_.get(), runtime::Clock::System(), plan_, topics_->partials,
                         topics_->snapshots, requests, timeout);
  }

  kafka::KafkaConfig config_;
  std::unique_ptr<kafka::KafkaCluster> cluster_;
  std::shared_ptr<const PipelinePlan> plan_;
  std::unique_ptr<PipelineTopics> topics_;
  std::unique_ptr<kafka::TopicAdmin> admin_;
  std::unique_ptr<Combiner> combiner_;
  std::mt19937 random_{11};
  int64_t clock_ = 1'500'000'000;
  int64_t next_source_offset_ = 0;
};

// A state in a form that can be compared.
std::string Describe(const Merger& merger) {
  const MergeSnapshot snapshot = ValueOf(merger.Image());
  std::vector<std::string> lines;
  for (const ViewSnapshot& view : snapshot.views) {
    for (const DeltaCell& cell : view.cells.cells) {
      lines.push_back(absl::StrCat("cell ", cell.pane, " ", view.cells.groups[cell.group], " ",
                                   cell.cut, " ", cell.accepted));
    }
    for (const LateCount& late : view.cells.late) {
      lines.push_back(absl::StrCat("late ", late.window_start, " ", late.records));
    }
    for (const RowRevision& revision : view.revisions) {
      lines.push_back(absl::StrCat("revision ", revision.window_start, " ", revision.group, " ",
                                   revision.revision));
    }
  }
  std::sort(lines.begin(), lines.end());
  std::string text =
      absl::StrCat(snapshot.progress.closed_through, " ", snapshot.progress.unchangeable_through,
                   " ", snapshot.progress.expired, " ", snapshot.progress.discontinuities);
  for (const SourcePosition& source : snapshot.progress.sources) {
    absl::StrAppend(&text, " ", EncodeSourceCheckpoint(source));
  }
  for (const std::string& line : lines) absl::StrAppend(&text, "\n", line);
  return text;
}

TEST_F(CommitRestoreTest, CommitsEverythingOfABatch) {
  const auto committer = MakeCommitter();
  committer->SetEpoch(1);
  SealedBatch batch = Count(50);
  batch.dead_letters.emplace_back(DeadLetterReason::kNotJson, 0, 7, 8, "key", "value");
  Merger merger(plan_);
  merger.Apply(batch.frames[1]);
  MergeOutput output;
  output.partition = 1;
  output.changes = merger.TakeChanges();
  output.snapshot = {"first", "second"};
  output.snapshot_through = 3;
  const size_t rows = output.changes.views[0].rows.size();
  const size_t late = output.changes.views[0].late.size();
  ASSERT_GT(rows, 0u);
  batch.merges.push_back(std::move(output));
  const CommitResult result = Commit(committer.get(), std::move(batch));
  ASSERT_TRUE(result.committed) << result.error;
  EXPECT_FALSE(committer->busy());
  EXPECT_FALSE(result.frame_offsets.empty());
  EXPECT_EQ(result.rows, static_cast<int64_t>(rows));
  ASSERT_THAT(result.snapshots, SizeIs(1));
  EXPECT_EQ(result.snapshots[0].partition, 1);
  EXPECT_EQ(result.snapshots[0].through, 3);
  EXPECT_EQ(result.snapshots[0].bytes, 11u);

  EXPECT_THAT(Visible(topics_->partials, kMerges, kMerges), SizeIs(kMerges));
  const std::vector<Record> results = Visible(topics_->results, kMerges, rows + late + 1);
  EXPECT_EQ(results.size(), rows + late + 1);
  for (const Record& record : results) EXPECT_EQ(record.partition, 1);
  const std::vector<Record> snapshots = Visible(topics_->snapshots, kMerges, 2);
  ASSERT_THAT(snapshots, SizeIs(2));
  EXPECT_EQ(snapshots[0].value, "first");
  EXPECT_EQ(snapshots[0].offset, result.snapshots[0].offset);
  const std::vector<Record> letters = Visible(topics_->dead_letter, 1, 1);
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].key, "key");
  EXPECT_EQ(letters[0].value, "value");
  EXPECT_THAT(letters[0].headers, Contains(Pair("windrow-reason", "not-json")));
  EXPECT_THAT(letters[0].headers, Contains(Pair("windrow-source-offset", "7")));
}

TEST_F(CommitRestoreTest, DropsABatchOfAnAssignmentThatIsOver) {
  const auto committer = MakeCommitter();
  committer->SetEpoch(2);
  const CommitResult result = Commit(committer.get(), Count(5));
  EXPECT_FALSE(result.committed);
  EXPECT_NE(result.error, "");
  EXPECT_THAT(Visible(topics_->partials, kMerges), IsEmpty());
}

TEST_F(CommitRestoreTest, ABatchThatFailsLeavesNothingAndTheNextGoesOn) {
  const auto committer = MakeCommitter();
  committer->SetEpoch(1);
  SealedBatch bad = Count(5);
  MergeOutput output;
  output.changes.views.resize(1);
  // Larger than Kafka takes: the last thing to be written.
  output.snapshot = {"fits", std::string(2'000'000, 'x')};
  bad.merges.push_back(std::move(output));
  const CommitResult failed = Commit(committer.get(), std::move(bad));
  EXPECT_FALSE(failed.committed);
  EXPECT_THAT(failed.error, HasSubstr(topics_->snapshots));
  EXPECT_FALSE(failed.fenced_twice);
  const CommitResult good = Commit(committer.get(), Count(5));
  EXPECT_TRUE(good.committed) << good.error;
  EXPECT_THAT(Visible(topics_->partials, kMerges, kMerges), SizeIs(kMerges));
  EXPECT_THAT(Visible(topics_->results, kMerges), IsEmpty());
  EXPECT_THAT(Visible(topics_->snapshots, kMerges), IsEmpty());
}

// The rows of such a batch count frames that are not before the offset that it commits.
TEST_F(CommitRestoreTest, FramesThatAreNotWhereTheyWereExpectedAreNotCommitted) {
  const auto committer = MakeCommitter();
  committer->SetEpoch(1);
  const auto expect = [this](SealedBatch batch, int64_t offset) {
    for (const Frame& frame : batch.frames) {
      batch.frame_records.push_back(EncodeFrame(*plan_, frame));
    }
    batch.expected_offsets.assign(kMerges, offset);
    return batch;
  };
  const CommitResult first = Commit(committer.get(), expect(Count(50), 0));
  ASSERT_TRUE(first.committed) << first.error;
  EXPECT_THAT(first.frame_offsets, Each(0));
  // The marker of the first transaction is at 1.
  const CommitResult second = Commit(committer.get(), expect(Count(50), 2));
  ASSERT_TRUE(second.committed) << second.error;
  EXPECT_THAT(second.frame_offsets, Each(2));
  const CommitResult third = Commit(committer.get(), expect(Count(50), 5));
  EXPECT_FALSE(third.committed);
  EXPECT_TRUE(third.misplaced) << third.error;
  const CommitResult fourth = Commit(committer.get(), Count(50));
  EXPECT_TRUE(fourth.committed) << fourth.error;
  EXPECT_THAT(Visible(topics_->partials, kMerges, 3 * kMerges), SizeIs(3 * kMerges));
}

TEST_F(CommitRestoreTest, TellsWhenAnotherUsesItsIdTwice) {
  const auto one = MakeCommitter();
  const auto other = MakeCommitter();
  one->SetEpoch(1);
  other->SetEpoch(1);
  // Fenced once: it takes the id back.
  CommitResult result = Commit(one.get(), Count(5));
  EXPECT_FALSE(result.committed);
  EXPECT_FALSE(result.fenced_twice);
  result = Commit(other.get(), Count(5));
  EXPECT_FALSE(result.committed);
  EXPECT_FALSE(result.fenced_twice);
  result = Commit(one.get(), Count(5));
  EXPECT_FALSE(result.committed);
  EXPECT_TRUE(result.fenced_twice) << result.error;
  EXPECT_THAT(Visible(topics_->partials, kMerges), IsEmpty());
}

TEST_F(CommitRestoreTest, ARestoredStateIsTheStateItWas) {
  const auto committer = MakeCommitter();
  committer->SetEpoch(1);
  // Live mergers, and their states by the offset of partials that they were reached at.
  std::vector<std::unique_ptr<Merger>> live;
  std::vector<std::vector<std::pair<int64_t, std::string>>> states(kMerges);
  std::vector<MergeStart> starts(kMerges);
  std::vector<int64_t> next(kMerges, 0);
  for (int m = 0; m < kMerges; ++m) live.push_back(std::make_unique<Merger>(plan_));
  for (int round = 0; round < 12; ++round) {
    SealedBatch batch = Count(40);
    // A snapshot of what the rounds before have made.
    if (round == 6) {
      for (int m = 0; m < kMerges; ++m) {
        MergeOutput output;
        output.partition = m;
        output.changes.views.resize(1);
        output.snapshot = SnapshotEncoder(plan_, live[m]->Image(), next[m]).Encode();
        output.snapshot_through = next[m];
        batch.merges.push_back(std::move(output));
      }
    }
    const CommitResult result = Commit(committer.get(), std::move(batch));
    ASSERT_TRUE(result.committed) << result.error;
    for (const CommitResult::Snapshot& snapshot : result.snapshots) {
      ASSERT_GE(snapshot.offset, 0);
      starts[snapshot.partition].snapshot_offset = snapshot.offset;
      starts[snapshot.partition].snapshot_through = snapshot.through;
    }
    const size_t frames = static_cast<size_t>(round + 1) * kMerges;
    for (const Record& record : Visible(topics_->partials, kMerges, frames)) {
      if (record.offset < next[record.partition]) continue;
      live[record.partition]->Apply(*DecodeFrame(*plan_, record.value));
      live[record.partition]->TakeChanges();
      next[record.partition] = record.offset + 1;
      states[record.partition].emplace_back(record.offset + 1, Describe(*live[record.partition]));
    }
  }
  ASSERT_THAT(states[0], SizeIs(12));
  EXPECT_GT(live[0]->closed_through(), kNever);
  EXPECT_GT(live[0]->cell_count(), 0u);

  // To every offset at which it ever was: from the beginning, and from the snapshot on.
  for (size_t i = 0; i < states[0].size(); ++i) {
    for (const bool with_snapshot : {false, true}) {
      std::vector<RestoreRequest> requests;
      for (int m = 0; m < kMerges; ++m) {
        requests.push_back({m, states[m][i].first, with_snapshot ? starts[m] : MergeStart()});
      }
      if (with_snapshot && requests[0].committed < starts[0].snapshot_through) continue;
      const auto restored = Restore(requests);
      ASSERT_TRUE(restored.ok()) << restored.status();
      ASSERT_THAT(*restored, SizeIs(kMerges));
      for (int m = 0; m < kMerges; ++m) {
        EXPECT_EQ((*restored)[m].partition, m);
        EXPECT_EQ(Describe(*(*restored)[m].merger), states[m][i].second)
            << "after frame " << i << (with_snapshot ? " from the snapshot" : "");
      }
    }
  }

  // With what lies before the snapshot purged, only the snapshot leads there.
  ASSERT_TRUE(
      admin_->DeleteRecordsBefore(topics_->partials, 0, starts[0].snapshot_through, kPatience)
          .ok());
  const auto restored = Restore({{0, next[0], starts[0]}});
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(Describe(*restored->front().merger), states[0].back().second);
  const absl::Status lost = Restore({{0, next[0], MergeStart()}}).status();
  EXPECT_EQ(lost.code(), absl::StatusCode::kDataLoss) << lost;
}

TEST_F(CommitRestoreTest, NothingCommittedIsAnEmptyState) {
  const auto restored = Restore({{0, 0, MergeStart()}, {1, 0, MergeStart()}});
  ASSERT_TRUE(restored.ok()) << restored.status();
  ASSERT_THAT(*restored, SizeIs(2));
  EXPECT_EQ((*restored)[1].merger->cell_count(), 0u);
  EXPECT_EQ((*restored)[1].replayed_bytes, 0);
}

// The frames of a committed offset may not be visible yet; they are waited for, not left out.
TEST_F(CommitRestoreTest, WaitsForFramesAndGivesUpInTime) {
  const auto committer = MakeCommitter();
  committer->SetEpoch(1);
  ASSERT_TRUE(Commit(committer.get(), Count(5)).committed);
  const absl::Time start = absl::Now();
  const absl::Status status = Restore({{0, 100, MergeStart()}}, absl::Milliseconds(700)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
}

}  // namespace
}  // namespace windrow::aggregator
