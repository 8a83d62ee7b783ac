#include "services/aggregator/others_report.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

namespace windrow::aggregator {
namespace {

std::vector<windrow::status::v1::ReplicaStatus> Others() {
  windrow::status::v1::ReplicaStatus status;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(replica: "b"
         pipelines { pipeline: "pipelines/other" incarnation: 1
           workers { state: STATE_RUNNING sources { position { source_partition: 7 } } } }
         pipelines { pipeline: "pipelines/p" incarnation: 1
           workers { state: STATE_RUNNING
             sources { position { source_partition: 0 source_partitions: 4 end_offset: 10
                                  watermark_us: 500 max_event_time_us: 900 }
                       log_end_offset: 30 limited: true }
             sources { position { source_partition: 1 source_partitions: 4 end_offset: 9
                                  watermark_us: 700 max_event_time_us: 1100 idle_for_ms: 3000 }
                       log_end_offset: 10 }
             merges { partition: 0 closed_through_us: 450 }
             merges { partition: 1 closed_through_us: 400 } }
           workers { state: STATE_RESTORING
             sources { position { source_partition: 2 source_partitions: 4 } log_end_offset: 5 } } })",
      &status));
  return {status};
}

TEST(OthersReportTest, TellsWhoReadsWhatAndHowFar) {
  PipelinePlan plan;
  plan.id = "p";
  const OthersReport report = ReportOthers(plan, Others());
  ASSERT_EQ(report.facts.size(), 3u);
  const SourceFacts& limited = report.facts.at(0);
  EXPECT_EQ(limited.replica, "b");
  EXPECT_TRUE(limited.running);
  EXPECT_TRUE(limited.limited);
  EXPECT_EQ(limited.lag_records, 20);
  EXPECT_EQ(report.facts.at(1).lag_records, 0) << "what is behind the last record is no record";
  EXPECT_FALSE(report.facts.at(2).running);
  EXPECT_TRUE(report.sources.at(0).has_more);
  EXPECT_EQ(report.sources.at(0).max_event_time, 900);
  EXPECT_FALSE(report.sources.at(1).has_more);
  EXPECT_FALSE(report.sources.at(2).has_more) << "it is not read yet";
}

TEST(OthersReportTest, TellsWhatWindowsWaitForWithoutAMergePartition) {
  PipelinePlan plan;
  plan.id = "p";
  WorkerStatus own;
  own.sources.emplace_back();
  own.sources.back().position.partition = 3;
  own.sources.back().position.watermark = 600;
  const auto wait = ReportOthers(plan, Others()).WaitWith({own}, 2 * kMicrosPerSecond);
  ASSERT_TRUE(wait.has_value());
  EXPECT_EQ(wait->closed_through, 400);
  ASSERT_EQ(wait->sources.size(), 4u);
  EXPECT_EQ(wait->sources[0]->watermark, 500);
  EXPECT_TRUE(wait->sources[1]->idle);
  EXPECT_EQ(wait->sources[3]->watermark, 600);

  WatermarkWatch watch(&plan);
  const WatermarkReport report =
      watch.Observe({}, ReportOthers(plan, Others()).facts, 1'000'000, wait);
  EXPECT_FALSE(report.known);
  ASSERT_FALSE(report.holds.empty());
  EXPECT_EQ(report.holds[0].partition, 2) << "it has no watermark";
  EXPECT_EQ(report.holds[0].cause, HoldCause::kStarting);
  EXPECT_EQ(report.holds[0].replica, "b");
}

TEST(OthersReportTest, WithoutAnyMergePartitionNothingIsKnown) {
  PipelinePlan plan;
  plan.id = "p";
  EXPECT_FALSE(ReportOthers(plan, {}).WaitWith({}, 0).has_value());
}

}  // namespace
}  // namespace windrow::aggregator
